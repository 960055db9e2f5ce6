export { AuditCapture } from './audit-capture.service.js';
export { AuditedEntities } from './audited-entities.js';
export {
  type AuditedChangeKind,
  type AuditedEntityDefinition,
  type AuditedEntityOptions,
  defineAuditedEntity,
} from './audited-entity.options.js';
export { AuditedTables } from './audited-tables.js';
export { AuditedWrites } from './audited-writes.js';
export { ChangeCaptureSubscriber } from './change-capture.subscriber.js';
export { type AuditedChange, ChangeRecorder } from './change-recorder.js';
export { HostAuditLogChangeRecorder } from './host-audit-log.change-recorder.js';
export { refuseShadowOfLog } from './log-shadows.js';
export { captureChangesOfScript } from './script-capture.js';
