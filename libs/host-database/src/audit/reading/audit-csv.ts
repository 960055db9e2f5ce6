import type { AuditEntry } from './audit-entries.js';
import { csvRecord } from './csv.js';

/** The columns, in their order. */
const COLUMNS = [
  'id',
  'createdAt',
  'tenantId',
  'eventType',
  'schemaVersion',
  'outcome',
  'actorUserId',
  'impersonatorUserId',
  'targetType',
  'targetId',
  'requestId',
  'ipAddress',
  'userAgent',
  'details',
  'leafHash',
] as const satisfies readonly (keyof AuditEntry)[];

/** The first record: the names of the columns. */
export function auditCsvHeader(): string {
  return csvRecord(COLUMNS);
}

/** One entry: times as ISO 8601, details as JSON, nothing where there is none. */
export function auditCsvRecord(entry: AuditEntry): string {
  return csvRecord(COLUMNS.map((column) => cellOf(entry[column])));
}

function cellOf(value: AuditEntry[keyof AuditEntry]): string {
  if (value === null) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
