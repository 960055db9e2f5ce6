import type { FilterQuery } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { Invitation } from '../invitations/invitation.entity.js';
import { Membership } from '../membership.entity.js';
import type { TenantRole } from './tenant-role.entity.js';

const BATCH = 500;

const IS_CLOSED: FilterQuery<Invitation> = {
  $or: [{ acceptedAt: { $ne: null } }, { revokedAt: { $ne: null } }, { declinedAt: { $ne: null } }],
};

/** What refers to a tenant's own role. */
@Injectable()
export class RoleReferences {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Takes the role from ended memberships and from invitations that were accepted, revoked or declined: it is history there. */
  async release(role: TenantRole): Promise<void> {
    const { em } = this.unitOfWork;
    const next = async () => [
      ...(await em.find(Membership, { customRole: role.id, isActive: false }, { limit: BATCH })),
      ...(await em.find(Invitation, { customRole: role.id, ...IS_CLOSED }, { limit: BATCH })),
    ];
    for (let batch = await next(); batch.length > 0; batch = await next()) {
      for (const reference of batch) reference.customRole = null;
      await em.flush();
    }
  }
}
