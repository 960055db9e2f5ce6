import type { EntityManager } from '@mikro-orm/core';
import { Membership } from './membership.entity.js';
import { type MembershipKey, MembershipNotFoundError } from './memberships.errors.js';

/** Returns the membership as it is in the database now, which decides under the tenant's lock. @throws MembershipNotFoundError */
export async function readMember(em: EntityManager, key: MembershipKey): Promise<Membership> {
  const membership = await em.findOne(Membership, { user: key.userId, tenant: key.tenantId }, { refresh: true });
  if (!membership?.isActive) throw new MembershipNotFoundError(key);
  return membership;
}
