import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../common/index.js';
import { TenantCatalog } from '../tenants/index.js';
import { GlobalUser } from '../users/index.js';

/** What a member may do in a tenant, the most powerful first. */
export const MEMBERSHIP_ROLES = ['owner', 'admin', 'member'] as const;

export type MembershipRole = (typeof MEMBERSHIP_ROLES)[number];

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
    metaAttributes: p.json().$type<Record<string, unknown>>().nullable(),
    role: p.enum(MEMBERSHIP_ROLES).default('member'),
    isActive: p.boolean().default(true),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
  uniques: [{ name: 'core_memberships_user_id_tenant_id_unique', properties: ['user', 'tenant'] }],
});

/** A person's place in a tenant: at most one for each pair (`core_memberships`). */
export class Membership extends MembershipSchema.class {}

MembershipSchema.setClass(Membership);
