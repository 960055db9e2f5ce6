/** The channel on which PostgreSQL tells which tenants' rows a transaction has changed: the payload is the id of one. */
export const TENANT_CHANGES_CHANNEL = 'nestjs_host_database_tenants';

/** The table in which SQLite notes which tenants' rows were changed, the newest last. */
export const TENANT_CHANGES_TABLE = 'sys_tenant_changes';

/** How many of them it keeps. Whoever is further behind takes every tenant for a changed one. */
export const TENANT_CHANGES_KEPT = 1_000;

/** The tables that say of a tenant where it is and whether it may be entered, and their columns with its id. */
export const TENANT_TABLES: readonly { readonly table: string; readonly idColumn: string }[] = [
  { table: 'core_tenants', idColumn: 'id' },
  { table: 'core_tenant_domains', idColumn: 'tenant_id' },
];
