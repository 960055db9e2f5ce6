import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../common/index.js';

/** Where a tenant stands in its life. Only an `active` one can be entered. */
export const TENANT_STATUSES = [
  'provisioning',
  'active',
  'suspended',
  'archived',
  'pending_deletion',
  'deleted',
  'failed',
] as const;

export type TenantStatus = (typeof TENANT_STATUSES)[number];

/** How a tenant's data is kept apart: in a database of its own (a SQLite file, too), or in a schema of its own in a PostgreSQL one. */
export const TENANT_MODES = ['database', 'schema'] as const;

export type TenantMode = (typeof TENANT_MODES)[number];

/** What keeps two tenants out of one database. */
export const DB_URL_HASH_UNIQUE = {
  name: 'core_tenants_db_url_hash_unique',
  table: 'core_tenants',
  columns: ['db_url_hash'],
} as const;

interface Lifecycle {
  status: TenantStatus;
  isActive: boolean | undefined;
  statusChangedAt: Date;
}

/** False where they were not loaded. */
function isTakenBack({ status, isActive }: Lifecycle): boolean {
  return status === 'active' && isActive === false;
}

const TenantCatalogSchema = defineEntity({
  name: 'TenantCatalog',
  tableName: 'core_tenants',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    name: p.string(),
    slug: p.string().length(63).nullable().unique('core_tenants_slug_unique'),
    /**
     * The address of the tenant's own database: an envelope where the module has `secrets`, else clear and without a password. Empty
     * until it is provisioned.
     */
    dbUrl: p.string().length(4096).nullable().hidden(),
    /** A SHA-256 of the address without credentials, by which no two tenants have the same database. */
    dbUrlHash: p.string().length(64).nullable().unique(DB_URL_HASH_UNIQUE.name).hidden(),
    /** How its data is kept apart. */
    mode: p.enum(TENANT_MODES).default('database'),
    /** Which of the configured servers it lives on; none where the application has brought the database itself. */
    server: p.string().length(63).nullable(),
    /** Grows each time that its place changes, so that what was opened for an earlier one is told apart. */
    generation: p.integer().default(1),
    /**
     * The newest migration that its database has, or `entities:` and a hash where its tables are made from the entities; none where nobody
     * has looked. What `TenantSchema` has written.
     */
    schemaVersion: p.string().nullable(),
    /** A hash of the names of all the migrations up to that one: tells of one that was added among older ones. */
    schemaDigest: p.string().length(16).nullable(),
    status: p
      .enum(TENANT_STATUSES)
      .default('provisioning')
      .onCreate((tenant: { isActive?: boolean }) => (tenant.isActive ? 'active' : 'provisioning'))
      // Who takes the flag back suspends the tenant: the two always agree.
      .onUpdate((tenant: Lifecycle) => (isTakenBack(tenant) ? 'suspended' : tenant.status)),
    /** Whether the tenant may be entered. Never true in another status than `active`. */
    isActive: p.boolean().default(false),
    /** Since when it has its status. */
    statusChangedAt: p
      .datetime(3)
      .onCreate(timestamp)
      .onUpdate((tenant: Lifecycle) => (isTakenBack(tenant) ? timestamp() : tenant.statusChangedAt)),
    /** When a tenant that is to be deleted is: until then it can be restored. */
    deleteAfter: p.datetime(3).nullable(),
    /** What an archived tenant was before. */
    archivedFrom: p.enum(['active', 'suspended'] as const).nullable(),
    /** What a tenant that is to be deleted was before, and can be again; none once its data is being removed. */
    deletionFrom: p.enum(['active', 'suspended', 'archived', 'failed'] as const).nullable(),
    /** Who closed it last, while it is closed: a user's id; none where that was nobody, as in a job. No foreign key: users may go. */
    closedBy: p.string().length(32).nullable(),
    /** Whether work that was under way when the tenant was closed is cut, in every process, instead of being let end. */
    cutsWork: p.boolean().default(false),
    planTier: p.string().default('free'),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
  // What a run over the fleet asks first: who is behind.
  indexes: [{ name: 'core_tenants_schema_version_index', properties: ['status', 'schemaVersion', 'schemaDigest'] }],
  checks: [{ name: 'core_tenants_is_active_check', expression: "not is_active or (status = 'active' and db_url is not null)" }],
});

/** A tenant, and where its data lives (`core_tenants`). */
export class TenantCatalog extends TenantCatalogSchema.class {}

TenantCatalogSchema.setClass(TenantCatalog);

/** The status of a tenant as it counts: one whose flag was taken back is suspended, whatever its status says. */
export function effectiveStatus({ status, isActive }: Pick<TenantCatalog, 'status' | 'isActive'>): TenantStatus {
  return status === 'active' && !isActive ? 'suspended' : status;
}
