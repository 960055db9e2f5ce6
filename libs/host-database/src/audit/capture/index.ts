export { AuditCapture } from './audit-capture.service.js';
export { AuditedEntities, type AuditedEntityOptions } from './audited-entities.js';
export { ChangeRecorder } from './change-recorder.js';
export { HostAuditLogChangeRecorder } from './host-audit-log.change-recorder.js';
export { captureChangesOfScript } from './script-capture.js';
