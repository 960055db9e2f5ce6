import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';
import { TenantCatalog } from '../../tenants/index.js';

/** What keeps two roles of a tenant apart. */
export const ROLE_NAME_UNIQUE = {
  name: 'core_roles_tenant_id_name_unique',
  table: 'core_roles',
  columns: ['tenant_id', 'name'],
} as const;

const TenantRoleSchema = defineEntity({
  name: 'TenantRole',
  tableName: 'core_roles',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    tenant: () => p.manyToOne(TenantCatalog).ref().fieldName('tenant_id').deleteRule('cascade'),
    name: p.string().length(63),
    /** Sorted, each once. */
    permissions: p.json().$type<readonly string[]>(),
    createdAt: p.datetime(3).onCreate(timestamp),
    /** When its name or permissions were last changed. */
    updatedAt: p.datetime(3).onCreate(timestamp),
  },
  uniques: [{ name: ROLE_NAME_UNIQUE.name, properties: ['tenant', 'name'] }],
});

/** A role that a tenant has made for itself out of the application's permissions (`core_roles`). */
export class TenantRole extends TenantRoleSchema.class {}

TenantRoleSchema.setClass(TenantRole);
