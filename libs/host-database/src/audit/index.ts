export { auditEntities } from './audit-entities.js';
export {
  AuditGuardsMissingError,
  InvalidAuditDetailsError,
  UnauditableEntityError,
  UnauditedWriteError,
  UnknownAuditEventTypeError,
} from './audit.errors.js';
export { AuditModule } from './audit.module.js';
export {
  type AnchoredCheckpoint,
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
  type AuditedEntityOptions,
  ChangeRecorder,
  type FieldValues,
} from './capture/index.js';
export * from './catalogue/index.js';
export { AUDIT_OUTCOMES, type AuditOutcome, HostAuditLog } from './host-audit-log.entity.js';
export type { AuditEvent, UncheckedAuditEvent } from './recording/audit-event.js';
