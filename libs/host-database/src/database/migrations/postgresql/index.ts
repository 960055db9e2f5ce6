import { Migration20261123000000_create_host_tables as CreateHostTables } from './Migration20261123000000_create_host_tables.js';
import { Migration20261123110000_deepen_jobs as DeepenJobs } from './Migration20261123110000_deepen_jobs.js';
import { Migration20261123150000_seal_audit_log as SealAuditLog } from './Migration20261123150000_seal_audit_log.js';
import { Migration20261123160000_encrypt_tenant_addresses as EncryptTenantAddresses } from './Migration20261123160000_encrypt_tenant_addresses.js';
import { Migration20261123181000_provision_in_steps as ProvisionInSteps } from './Migration20261123181000_provision_in_steps.js';
import { Migration20261123182000_guard_tenant_lives as GuardTenantLives } from './Migration20261123182000_guard_tenant_lives.js';
import { Migration20261123183000_tell_of_tenant_changes as TellOfTenantChanges } from './Migration20261123183000_tell_of_tenant_changes.js';
import { Migration20261123184000_keep_fleet_ledger as KeepFleetLedger } from './Migration20261123184000_keep_fleet_ledger.js';
import { Migration20261123185000_say_who_closed as SayWhoClosed } from './Migration20261123185000_say_who_closed.js';
import { Migration20261123186000_reverify_domains as ReverifyDomains } from './Migration20261123186000_reverify_domains.js';
import { Migration20261123191000_sign_people_in as SignPeopleIn } from './Migration20261123191000_sign_people_in.js';
import { Migration20261123192000_tell_of_access_changes as TellOfAccessChanges } from './Migration20261123192000_tell_of_access_changes.js';
import { Migration20261124000050_count_mails as CountMails } from './Migration20261124000050_count_mails.js';
import { Migration20261124000200_keep_entitlements as KeepEntitlements } from './Migration20261124000200_keep_entitlements.js';
import { Migration20261124000300_follow_stripe as FollowStripe } from './Migration20261124000300_follow_stripe.js';

/** The migrations of the host's tables on PostgreSQL, the oldest first. */
export const postgresqlMigrations = [
  CreateHostTables,
  DeepenJobs,
  SealAuditLog,
  EncryptTenantAddresses,
  ProvisionInSteps,
  GuardTenantLives,
  TellOfTenantChanges,
  KeepFleetLedger,
  SayWhoClosed,
  ReverifyDomains,
  SignPeopleIn,
  TellOfAccessChanges,
  CountMails,
  KeepEntitlements,
  FollowStripe,
];
