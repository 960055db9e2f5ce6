import { type AuditRecord, canonicalText, FORMAT_VERSION, parseRecord, RECORD_FIELDS } from './audit-record.js';
import { canonicalJson } from './canonical-json.js';
import { InvalidAuditRecordError } from './integrity.errors.js';

/** A row of `sys_audit_logs` as it was read: the canonical text, its hash, and the columns that repeat it for queries. */
export interface StoredAuditRow extends Omit<AuditRecord, 'v' | 'outcome' | 'createdAt'> {
  readonly outcome: string;
  /** A text has to be ISO 8601 in UTC with milliseconds. */
  readonly createdAt: Date | string;
  readonly canonical: string;
  readonly leafHash: string;
}

/** Returns when a row was recorded, in milliseconds since 1970; NaN where it does not say. */
export function recordedAtMs({ createdAt }: StoredAuditRow): number {
  return createdAt instanceof Date ? createdAt.getTime() : Date.parse(createdAt);
}

/** What a row says of itself. */
export type RowReading =
  /** Its canonical text and its columns say the same. */
  | { readonly state: 'consistent' }
  /** Its canonical text is a record, but these columns differ from it. */
  | { readonly state: 'differs'; readonly record: AuditRecord; readonly columns: readonly string[] }
  /** Its canonical text is none of a record. */
  | { readonly state: 'unreadable' };

/** Compares the columns of a row with its canonical text. */
export function readRow(row: StoredAuditRow): RowReading {
  // Nearly always the columns make the same text again, and then it need not be parsed.
  if (textOfColumns(row) === row.canonical) return { state: 'consistent' };
  let record: AuditRecord;
  try {
    record = parseRecord(row.canonical);
  } catch (error) {
    if (error instanceof InvalidAuditRecordError) return { state: 'unreadable' };
    throw error;
  }
  const columns = RECORD_FIELDS.filter((field) => field !== 'v' && textOf(columnOf(row, field)) !== textOf(record[field]));
  return { state: 'differs', record, columns };
}

function textOfColumns(row: StoredAuditRow): string | undefined {
  const columns = Object.fromEntries(RECORD_FIELDS.map((field) => [field, columnOf(row, field)]));
  try {
    return canonicalText(columns as unknown as AuditRecord);
  } catch (error) {
    if (error instanceof InvalidAuditRecordError) return undefined;
    throw error;
  }
}

function columnOf(row: StoredAuditRow, field: keyof AuditRecord): unknown {
  if (field === 'v') return FORMAT_VERSION;
  const value = row[field] ?? null;
  if (!(value instanceof Date)) return value;
  return Number.isNaN(value.getTime()) ? null : value.toISOString();
}

/** Undefined for what a record cannot say, which therefore differs from all that one says. */
function textOf(value: unknown): string | undefined {
  try {
    return canonicalJson(value);
  } catch (error) {
    if (error instanceof InvalidAuditRecordError) return undefined;
    throw error;
  }
}
