import type { AuditedEntities } from '../audit/index.js';
import { Membership } from './membership.entity.js';
import { TenantRole } from './roles/tenant-role.entity.js';

/** Has the changes of memberships, and of the roles that tenants have made, recorded. */
export function auditMemberships(audited: AuditedEntities): void {
  audited.register(Membership, {
    name: 'memberships',
    personal: { subject: 'user', fields: ['profileId', 'metaAttributes'] },
    tenant: 'tenant',
  });
  audited.register(TenantRole, { name: 'roles', tenant: 'tenant' });
}
