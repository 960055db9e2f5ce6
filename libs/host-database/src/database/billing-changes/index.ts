/** The channel on which PostgreSQL tells for whom a transaction has changed what they have: the payload is the id of a tenant, or `*` for all. */
export const BILLING_CHANGES_CHANNEL = 'nestjs_host_database_billing';

/** The table in which SQLite notes it, the newest last. */
export const BILLING_CHANGES_TABLE = 'sys_billing_changes';

/** How many of them it keeps. Whoever is further behind takes what everybody has for changed. */
export const BILLING_CHANGES_KEPT = 1_000;

/** What is told where a change may be one for every tenant. */
export const EVERY_TENANT = '*';

/** The tables that say what a tenant has, and their columns with its id; those without one are about every tenant. */
export const BILLING_TABLES: readonly { readonly table: string; readonly tenantColumn?: string }[] = [
  { table: 'core_subscriptions', tenantColumn: 'tenant_id' },
  { table: 'core_tenant_trials', tenantColumn: 'tenant_id' },
  { table: 'core_access_standings', tenantColumn: 'tenant_id' },
  // What those have who pay for no plan, and those whose subscription is older than the copies of plans.
  { table: 'core_pricing_plans' },
];
