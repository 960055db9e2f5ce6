import { Impersonation, Session, SignInFlow } from './access/index.js';
import { auditEntities, type AuditedEntities } from './audit/index.js';
import { auditBilling, billingEntities } from './billing/index.js';
import { jobEntities } from './jobs/index.js';
import { auditMemberships, Invitation, Membership, TenantRole } from './memberships/index.js';
import { auditTenants, TenantCatalog, TenantDomain, TenantDeletionRecord, TenantRequest } from './tenants/index.js';
import { tenantDatabaseEntities, fleetEntities } from './tenant-databases/index.js';
import { auditUsers, GlobalUser, MailCount, PasswordBackoff, UserIdentity, UserToken } from './users/index.js';

/** The entities of every host database: the seven, and what the log and the queue keep their books in. */
export const hostEntities = [
  GlobalUser,
  TenantCatalog,
  TenantDomain,
  Membership,
  ...billingEntities,
  TenantDeletionRecord,
  ...auditEntities,
  ...jobEntities,
  TenantRequest,
  ...tenantDatabaseEntities,
  ...fleetEntities,
  UserIdentity,
  UserToken,
  PasswordBackoff,
  MailCount,
  TenantRole,
  Invitation,
  Session,
  Impersonation,
  SignInFlow,
] as const;

/** Has the changes of the host's own entities recorded, as their rooms do it in an application. */
export function auditHostEntities(audited: AuditedEntities): void {
  for (const audit of [auditUsers, auditTenants, auditMemberships, auditBilling]) audit(audited);
}
