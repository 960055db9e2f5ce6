import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../common/index.js';
import { TenantCatalog } from '../tenants/index.js';
import { GlobalUser } from '../users/index.js';
import type { StoredMembershipAttributes } from './membership-attributes.js';
import { MEMBERSHIP_ROLES } from './membership-role.js';
import { TenantRole } from './roles/tenant-role.entity.js';

const MembershipSchema = defineEntity({
  name: 'Membership',
  tableName: 'core_memberships',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    user: () => p.manyToOne(GlobalUser).ref().fieldName('user_id').deleteRule('cascade'),
    tenant: () =>
      p.manyToOne(TenantCatalog).ref().fieldName('tenant_id').deleteRule('cascade').index('core_memberships_tenant_id_index'),
    /** The id of the person's profile in the tenant's own database. */
    profileId: p.string().nullable(),
    /** What the application keeps about this membership. */
    metaAttributes: p.json().$type<StoredMembershipAttributes>().nullable(),
    role: p.enum(MEMBERSHIP_ROLES).default('member'),
    /** The tenant's own role of a `member`; none keeps what every member may do. */
    customRole: () =>
      p
        .manyToOne(TenantRole)
        .ref()
        .fieldName('custom_role_id')
        .nullable()
        .deleteRule('no action')
        .index('core_memberships_custom_role_id_index'),
    isActive: p.boolean().default(true),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
  uniques: [{ name: 'core_memberships_user_id_tenant_id_unique', properties: ['user', 'tenant'] }],
});

/** A person's place in a tenant: at most one for each pair (`core_memberships`). */
export class Membership extends MembershipSchema.class {}

MembershipSchema.setClass(Membership);
