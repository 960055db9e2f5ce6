import { Migration20261123000000_create_host_tables as CreateHostTables } from './Migration20261123000000_create_host_tables.js';
import { Migration20261123110000_deepen_jobs as DeepenJobs } from './Migration20261123110000_deepen_jobs.js';
import { Migration20261123150000_seal_audit_log as SealAuditLog } from './Migration20261123150000_seal_audit_log.js';
import { Migration20261123160000_encrypt_tenant_addresses as EncryptTenantAddresses } from './Migration20261123160000_encrypt_tenant_addresses.js';
import { Migration20261123184000_keep_fleet_ledger as KeepFleetLedger } from './Migration20261123184000_keep_fleet_ledger.js';

/** The migrations of the host's tables on PostgreSQL, the oldest first. */
export const postgresqlMigrations = [CreateHostTables, DeepenJobs, SealAuditLog, EncryptTenantAddresses, KeepFleetLedger];
