import type { AuditedEntities } from '../audit/index.js';
import { Membership } from './membership.entity.js';

/** Has the changes of memberships recorded. */
export function auditMemberships(audited: AuditedEntities): void {
  audited.register(Membership, {
    name: 'memberships',
    personal: { subject: 'user', fields: ['profileId', 'metaAttributes'] },
    tenant: 'tenant',
  });
}
