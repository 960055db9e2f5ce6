export { auditEntities } from './audit-entities.js';
export { FileAnchor, type FileAnchorOptions, readFileAnchor } from './anchors/file.anchor.js';
export { WebhookAnchor, type WebhookAnchorOptions } from './anchors/webhook.anchor.js';
export * from './audit.errors.js';
export {
  AuditAnchorFailedError,
  AuditGuardsMissingError,
  AuditInTransactionError,
  AuditRowNotFoundError,
  AuditRowNotSealedError,
  AuditSealingNotConfiguredError,
  AuditSignatureInvalidError,
  AuditWebhookFailedError,
  InvalidAuditDetailsError,
  UnknownAuditEventTypeError,
} from './audit.errors.js';
export { auditGrants, type AuditGrantsOptions } from './audit-grants.js';
export { AuditModule } from './audit.module.js';
export {
  type AnchoredCheckpoint,
  type AnchorKeepOptions,
  AUDIT_OPTIONS,
  type AuditAnchor,
  type AuditEncryptionOptions,
  AuditOptions,
  type AuditRetentionOptions,
  type AuditSealingOptions,
  resolveAuditOptions,
} from './audit.options.js';
export { type AuditFindOptions, AuditService } from './audit.service.js';
export {
  AuditCapture,
  type AuditedChange,
  AuditedEntities,
  type AuditedEntityDefinition,
  type AuditedEntityOptions,
  AuditedTables,
  AuditedWrites,
  captureChangesOfScript,
  ChangeCaptureSubscriber,
  ChangeRecorder,
  defineAuditedEntity,
  refuseShadowOfLog,
} from './capture/index.js';
export * from './catalogue/index.js';
export {
  AuditEncryption,
  AuditErasure,
  AuditKeyUnavailableError,
  ERASED_TEXT,
  ErasureNotConfiguredError,
  PersonalData,
  type PlacedText,
  type RewrapOptions,
} from './erasure/index.js';
export { AUDIT_OUTCOMES, type AuditOutcome, HostAuditLog } from './host-audit-log.entity.js';
export type { AuditEvent, UncheckedAuditEvent } from './recording/audit-event.js';
export { type DeferredAuditRow, DeferredAuditRows } from './recording/deferred-rows.js';
export {
  type AuditFinding,
  type AuditFindingKind,
  type AuditReport,
  type AuditSigner,
  type CheckpointBody,
  type CheckpointCopy,
  Ed25519Signer,
  generateSigningKey,
  type InclusionFault,
  type InclusionProof,
  type InclusionVerdict,
  InvalidAuditRecordError,
  InvalidCheckpointError,
  InvalidSigningKeyError,
  type SigningKey,
  verifyInclusion,
} from './integrity/index.js';
export { AuditAnchoringService, type AnchoringResult } from './sealing/audit-anchoring.service.js';
export { AuditSealer, type SealOptions, type SealResult } from './sealing/audit-sealer.js';
export {
  AuditVerifier,
  type AuditVerificationResult,
  type AuditVerificationSummary,
  type AuditVerifyOptions,
} from './verification/audit-verifier.service.js';
export { AuditProofs, type ProofOptions } from './verification/inclusion.js';
export {
  AuditLegalHold,
  AuditLegalHolds,
  AuditPurgeNotPermittedError,
  AuditRetention,
  LegalHoldNotFoundError,
  type NewLegalHold,
  type PurgeOptions,
  type PurgeReason,
  type PurgeResult,
  RetentionNotConfiguredError,
} from './retention/index.js';
export {
  type AuditCloudEvent,
  type AuditCloudEventData,
  type AuditEntry,
  AuditExporter,
  type AuditExportOptions,
  type AuditExportProgress,
  AuditFeed,
  AuditFeedNotSealedError,
  type AuditFeedOptions,
  type AuditFeedPage,
  type AuditFilter,
  type AuditJsonlOptions,
  type AuditOrder,
  type AuditPage,
  type AuditPageOptions,
  AuditReader,
  type CloudEventOptions,
  InvalidAuditCursorError,
  type TenantAuditFilter,
  TenantAuditReader,
  toCloudEvent,
} from './reading/index.js';
