export {
  type ReplacedRecord,
  type ResolvedTenantDirectoryOptions,
  resolveTenantDirectoryOptions,
  TENANT_DIRECTORY_OPTIONS,
  TenantDirectory,
  TenantDirectoryOptions,
  type TenantDirectoryStatistics,
  TenantRecord,
} from './catalog-cache/index.js';
export {
  type ClaimedDomain,
  DnsDomainVerifier,
  DomainLookupError,
  DomainNotFoundError,
  DomainNotVerifiedError,
  type DomainRecord,
  DomainReverification,
  DomainTakenError,
  DomainVerificationInTransactionError,
  DomainVerifier,
  type ReverifiedDomains,
  resolveTenantDomainsOptions,
  TENANT_DOMAINS_OPTIONS,
  TenantDomain,
  TenantDomains,
  TenantDomainsOptions,
} from './domains/index.js';
export {
  type DataKeyContext,
  type ExternalSecretsOptions,
  KeyRotationInTransactionError,
  type KeyRotationOptions,
  type KeyRotationProgress,
  type LocalSecretsOptions,
  PasswordNotRotatableError,
  PasswordRotationInTransactionError,
  type PasswordNotRotatableReason,
  resolveSecretsOptions,
  SecretKeyProviderError,
  type SealedAddress,
  type SealedAddressHolder,
  SealedAddressHolders,
  SecretKeyUnknownError,
  SECRETS_OPTIONS,
  type SecretsKeyProvider,
  SecretsNotConfiguredError,
  type SecretsOptions,
  SecretTamperedError,
  type StoredAddress,
  TenantAddresses,
  TenantSecrets,
  TenantServerUsers,
} from './secrets/index.js';
export {
  type ClosingOptions,
  type DeletionCounts,
  type TenantDeletionPart,
  TenantDeletionParts,
  DELETE_TENANT_JOB,
  type DeletionRequest,
  resolveTenantDeletionOptions,
  TENANT_DELETION_OPTIONS,
  TenantDeletionDueError,
  TenantDeletionOptions,
  TenantDeletionRecord,
  TenantExportNotConfiguredError,
  type TenantExportSink,
  TenantGuardsMissingError,
  TenantStatusWriter,
} from './lifecycle/index.js';
export { TenantRequest } from './requests/tenant-request.entity.js';
export { auditTenants } from './tenants.audit.js';
export {
  effectiveStatus,
  TENANT_MODES,
  TENANT_STATUSES,
  TenantCatalog,
  type TenantMode,
  type TenantStatus,
} from './tenant-catalog.entity.js';
export {
  DuplicateSlugError,
  DuplicateTenantDatabaseError,
  IdempotencyConflictError,
  TenantActivationTimeoutError,
  TenantNotActiveError,
  TenantNotFoundError,
  TenantStatusConflictError,
  WaitInTransactionError,
} from './tenants.errors.js';
export {
  type PlaceRequest,
  type ReadyPlace,
  type TenantPlaceFacts,
  type TenantProvisioner,
  TenantProvisioners,
  type TenantToProvision,
} from './tenant-provisioner.js';
export { TenantCreated, TenantDomainLost, TenantEvents, TenantStatusChanged } from './tenants.events.js';
export { TenantsModule } from './tenants.module.js';
export type { NewTenant } from './tenant-registration.js';
export { PROVISION_TENANT_JOB, TenantsService } from './tenants.service.js';
