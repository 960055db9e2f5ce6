import { isId } from '../../common/index.js';
import { canonicalJson, isCanonicalJson } from './canonical-json.js';
import { InvalidAuditRecordError } from './integrity.errors.js';

/** The version of the format of records and checkpoints that this code writes and reads. */
export const FORMAT_VERSION = 1;

/** The scope of records that belong to no tenant. */
export const HOST_SCOPE = 'host';

export type AuditOutcome = 'success' | 'failure' | 'denied';

/** One record of the audit log, as it is hashed. */
export interface AuditRecord {
  readonly v: typeof FORMAT_VERSION;
  /** 32 lower-case hex characters, ordered by time. */
  readonly id: string;
  readonly tenantId: string | null;
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly outcome: AuditOutcome;
  readonly actorUserId: string | null;
  readonly impersonatorUserId: string | null;
  readonly targetType: string | null;
  readonly targetId: string | null;
  readonly requestId: string | null;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly details: Readonly<Record<string, unknown>> | null;
  /** ISO 8601, UTC, milliseconds: `2026-11-23T10:00:00.000Z`. */
  readonly createdAt: string;
}

const isText = (value: unknown) => typeof value === 'string';
const isTextOrNull = (value: unknown) => value === null || typeof value === 'string';

const FIELDS: { readonly [Field in keyof AuditRecord]: (value: unknown) => boolean } = {
  v: (value) => value === FORMAT_VERSION,
  id: isId,
  // A tenant by the name of the host's scope would share its chain.
  tenantId: (value) => isTextOrNull(value) && value !== HOST_SCOPE && value !== '',
  eventType: isText,
  schemaVersion: Number.isSafeInteger,
  outcome: (value) => value === 'success' || value === 'failure' || value === 'denied',
  actorUserId: isTextOrNull,
  impersonatorUserId: isTextOrNull,
  targetType: isTextOrNull,
  targetId: isTextOrNull,
  requestId: isTextOrNull,
  ipAddress: isTextOrNull,
  userAgent: isTextOrNull,
  details: (value) => value === null || (typeof value === 'object' && !Array.isArray(value)),
  createdAt: isUtcTime,
};

/** The names of the fields of a record. */
export const RECORD_FIELDS = Object.keys(FIELDS) as readonly (keyof AuditRecord)[];

/**
 * Returns the exact text of a record that is stored and hashed.
 *
 * @throws InvalidAuditRecordError if a field is missing, unknown or of another type, or cannot be said in RFC 8785 JSON
 */
export function canonicalText(record: AuditRecord): string {
  assertRecord(record);
  return canonicalJson(record, 'record');
}

/**
 * Reads a record back from its canonical text.
 *
 * @throws InvalidAuditRecordError if the text is not one that {@link canonicalText} could have made
 */
export function parseRecord(canonical: string): AuditRecord {
  let record: unknown;
  try {
    record = JSON.parse(canonical);
  } catch (cause) {
    throw new InvalidAuditRecordError('canonical', 'is not JSON', { cause });
  }
  assertRecord(record);
  if (!isCanonicalJson(canonical, record)) throw new InvalidAuditRecordError('canonical', 'is not in canonical form');
  return record;
}

/** Returns the scope of a tenant, or of the host where there is none: each scope has a chain of checkpoints of its own. */
export function scopeOf(tenantId: string | null | undefined): string {
  return tenantId ?? HOST_SCOPE;
}

/** Tells whether a text is a time in UTC to the millisecond, in the one way in which `toISOString` writes it. */
export function isUtcTime(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  const time = new Date(value);
  return !Number.isNaN(time.getTime()) && time.toISOString() === value;
}

function assertRecord(value: unknown): asserts value is AuditRecord {
  if (typeof value !== 'object' || value === null) throw new InvalidAuditRecordError('record', 'is not an object');
  for (const field of RECORD_FIELDS) {
    const member = (value as Partial<AuditRecord>)[field];
    if (!FIELDS[field](member))
      throw new InvalidAuditRecordError(`record.${field}`, 'is missing or not what the format asks for');
  }
  // All fields are there. An unknown member would be hashed and shown nowhere.
  if (Object.keys(value).length === RECORD_FIELDS.length) return;
  const unknownField = Object.keys(value).find((key) => !Object.hasOwn(FIELDS, key));
  if (unknownField !== undefined) throw new InvalidAuditRecordError(`record.${unknownField}`, 'is not a field of the format');
}
