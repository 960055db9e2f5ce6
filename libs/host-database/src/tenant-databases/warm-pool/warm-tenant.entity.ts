import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../common/index.js';
import { TENANT_MODES } from '../../tenants/index.js';

/** Where a warm place stands. Who claims one deletes its row. */
const WARM_TENANT_STATUSES = ['preparing', 'ready', 'dropping'] as const;

const WarmTenantSchema = defineEntity({
  name: 'WarmTenant',
  tableName: 'sys_warm_tenants',
  properties: {
    /** The id of the tenant to be: its database is called so, and its address encrypted for it. */
    id: p.string().length(32).primary(),
    status: p.enum(WARM_TENANT_STATUSES).default('preparing'),
    /** As the catalogue is to keep it. */
    dbUrl: p.string().length(4096).nullable().hidden(),
    dbUrlHash: p.string().length(64).nullable().hidden(),
    mode: p.enum(TENANT_MODES).default('database'),
    server: p.string().length(63).nullable(),
    schemaVersion: p.string().nullable(),
    schemaDigest: p.string().length(64).nullable(),
    /** What it was made by: where tenants were to live, the newest migration, or the entities, and the steps that are done ahead. */
    madeBy: p.string().nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
  indexes: [{ name: 'sys_warm_tenants_status_index', properties: ['status', 'createdAt'] }],
});

/** A place that was made for a tenant to be (`sys_warm_tenants`). */
export class WarmTenant extends WarmTenantSchema.class {}

WarmTenantSchema.setClass(WarmTenant);
