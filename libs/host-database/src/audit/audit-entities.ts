import { AuditSubjectKey } from './erasure/audit-subject-key.entity.js';
import { HostAuditLog } from './host-audit-log.entity.js';
import { AuditLegalHold } from './retention/audit-legal-hold.entity.js';
import { AuditPurge } from './retention/audit-purge.entity.js';
import { AuditAnchoring } from './sealing/audit-anchoring.entity.js';
import { AuditCheckpoint } from './sealing/audit-checkpoint.entity.js';
import { AuditUnsealed } from './sealing/audit-unsealed.entity.js';

/** What the log keeps, and what it keeps its books in. */
export const auditEntities = [
  HostAuditLog,
  AuditUnsealed,
  AuditCheckpoint,
  AuditAnchoring,
  AuditSubjectKey,
  AuditPurge,
  AuditLegalHold,
] as const;
