import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';
import { TenantCatalog } from '../../tenants/index.js';

const ImpersonationSchema = defineEntity({
  name: 'Impersonation',
  tableName: 'sys_impersonations',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    /** The system administrator. No foreign key: users may go, what they did stays. */
    adminUserId: p.string().length(32).index('sys_impersonations_admin_user_id_index'),
    /** As whom. No foreign key. */
    userId: p.string().length(32).index('sys_impersonations_user_id_index'),
    /** The only tenant that may be entered, which sees it. */
    tenant: () =>
      p.manyToOne(TenantCatalog).ref().fieldName('tenant_id').deleteRule('cascade').index('sys_impersonations_tenant_id_index'),
    /** Why, in the administrator's words. */
    reason: p.string().length(500),
    startedAt: p.datetime(3).onCreate(timestamp),
    /** At most an hour later. */
    expiresAt: p.datetime(3),
    endedAt: p.datetime(3).nullable(),
  },
});

/** That a system administrator acts as somebody else (`sys_impersonations`). */
export class Impersonation extends ImpersonationSchema.class {}

ImpersonationSchema.setClass(Impersonation);
