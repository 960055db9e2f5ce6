import { Migration20261123000000_create_host_tables as CreateHostTables } from './Migration20261123000000_create_host_tables.js';

/** The migrations of the host's tables on PostgreSQL, the oldest first. */
export const postgresqlMigrations = [CreateHostTables];
