import { Injectable } from '@nestjs/common';
import { ContextService } from '../../context/index.js';
import { UnitOfWork } from '../../database/index.js';
import { Membership } from '../membership.entity.js';
import { ImpersonatedOwnerChangeError, LastOwnerError, type MembershipKey } from '../memberships.errors.js';

/** A tenant that has an owner keeps one who can sign in, whatever happens to any of them. */
@Injectable()
export class OwnerRule {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly context: ContextService,
  ) {}

  /** @throws ImpersonatedOwnerChangeError where somebody acts as another person */
  assertMayChangeOwners(): void {
    if (this.context.current.impersonatorUserId !== undefined) throw new ImpersonatedOwnerChangeError();
  }

  /** Under the tenant's lock, before an owner is one no more. @throws LastOwnerError */
  async assertNotLast({ userId, tenantId }: MembershipKey): Promise<void> {
    if (!(await this.hasAnother({ userId, tenantId }))) throw new LastOwnerError(userId, [tenantId]);
  }

  /** Whether the tenant, which is locked, has an owner beside this one. Who is deactivated does not count: they cannot come in. */
  async hasAnother({ userId, tenantId }: MembershipKey): Promise<boolean> {
    const others = await this.unitOfWork.em.count(Membership, {
      tenant: tenantId,
      role: 'owner',
      isActive: true,
      user: { id: { $ne: userId }, deactivatedAt: null },
    });
    return others > 0;
  }
}
