import { AuditCheckpoints } from './audit-checkpoints.js';
import { AuditEntries } from './audit-entries.js';
import { AuditExporter } from './audit-exporter.js';
import { AuditFeed } from './audit-feed.js';
import { AuditReader } from './audit-reader.js';
import { AuditRows } from './audit-rows.js';

/** What reads the log. */
export const readingProviders = [AuditRows, AuditCheckpoints, AuditEntries, AuditReader, AuditExporter, AuditFeed];
