export type { AuditEntry } from './audit-entries.js';
export { AuditExporter, type AuditExportOptions, type AuditExportProgress, type AuditJsonlOptions } from './audit-exporter.js';
export { AuditFeed, type AuditFeedOptions, type AuditFeedPage } from './audit-feed.js';
export type { AuditFilter, AuditOrder, TenantAuditFilter } from './audit-filter.js';
export { type AuditPage, type AuditPageOptions, AuditReader, TenantAuditReader } from './audit-reader.js';
export { type AuditCloudEvent, type AuditCloudEventData, type CloudEventOptions, toCloudEvent } from './cloud-event.js';
export { AuditFeedNotSealedError, InvalidAuditCursorError } from './reading.errors.js';
export { readingProviders } from './reading.providers.js';
