import type { Provider } from '@nestjs/common';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import { AuditLegalHolds } from './audit-legal-holds.js';
import { AuditPartitions } from './audit-partitions.js';
import { AuditRetention } from './audit-retention.js';
import { AuditRetentionJobs } from './audit-retention.jobs.js';
import { PurgeCheck } from './purge-check.js';
import { RowRemoval } from './row-removal.js';

export { AuditLegalHold } from './audit-legal-hold.entity.js';
export { AuditLegalHolds, type NewLegalHold } from './audit-legal-holds.js';
export { AuditRetention, type PurgeOptions, type PurgeResult } from './audit-retention.js';
export type { PurgeReason } from './purge-reasons.js';
export { AuditPurgeNotPermittedError, LegalHoldNotFoundError, RetentionNotConfiguredError } from './retention.errors.js';

/** Without a time after which rows are removed there is no nightly job. */
export const retentionProviders: Provider[] = [
  AuditLegalHolds,
  AuditPartitions,
  AuditRetention,
  PurgeCheck,
  RowRemoval,
  {
    provide: AuditRetentionJobs,
    inject: [AUDIT_OPTIONS, AuditRetention, AuditPartitions],
    useFactory: ({ retention }: AuditOptions, rows: AuditRetention, partitions: AuditPartitions) =>
      retention ? new AuditRetentionJobs(rows, partitions) : null,
  },
];
