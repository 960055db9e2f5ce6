import { genId } from '../../src/common/index.js';
import { type AuditRecord, canonicalText, scopeOf } from '../../src/audit/integrity/audit-record.js';
import { type AuditVerification, verifyAuditLog } from '../../src/audit/integrity/audit-verifier.js';
import { sealCheckpoint, type SealedCheckpoint } from '../../src/audit/integrity/checkpoint.js';
import { leafHash } from '../../src/audit/integrity/hashes.js';
import { decodeManifest } from '../../src/audit/integrity/manifest.js';
import { Ed25519Signer, generateSigningKey, type SigningKey } from '../../src/audit/integrity/signing.js';
import type { StoredAuditRow } from '../../src/audit/integrity/stored-row.js';
import type { AuditReport } from '../../src/audit/integrity/verification-report.js';

export const TENANT = '0193'.padEnd(32, 'a');
export const NOW = new Date('2026-11-23T10:00:00.000Z');
const MINUTE_MS = 60_000;

export type Row = { -readonly [Field in keyof StoredAuditRow]: StoredAuditRow[Field] };
export type Checkpoint = { -readonly [Field in keyof SealedCheckpoint]: SealedCheckpoint[Field] };

/** A log in memory that a test may do anything to: three checkpoints and a tail of fresh rows. */
export interface Log {
  key: SigningKey;
  rows: Row[];
  checkpoints: Checkpoint[];
}

/** Makes a record of `minutesAgo`, with ids in the order of the calls. */
export function makeRecord(fields: Partial<AuditRecord> = {}, minutesAgo = 0): AuditRecord {
  const createdAt = new Date(NOW.getTime() - minutesAgo * MINUTE_MS).toISOString();
  return {
    v: 1,
    id: genId(),
    tenantId: TENANT,
    eventType: 'rooms.renamed',
    schemaVersion: 1,
    outcome: 'success',
    actorUserId: genId(),
    impersonatorUserId: null,
    targetType: 'room',
    targetId: 'r1',
    requestId: null,
    ipAddress: '2001:db8::1',
    userAgent: null,
    details: { before: { name: 'Öl' }, after: { name: '油', tags: [{ deep: { n: 1 } }] } },
    createdAt,
    ...fields,
  };
}

/** Stores a record as a row. */
export function rowOf(record: AuditRecord): Row {
  const { v: _version, details, createdAt, ...columns } = record;
  const canonical = canonicalText(record);
  const parsed = JSON.parse(canonical) as AuditRecord;
  return {
    ...columns,
    details: details && parsed.details,
    createdAt: new Date(createdAt),
    canonical,
    leafHash: leafHash(canonical),
  };
}

/** Adds a checkpoint over rows to the chain. */
export async function seal(log: Log, rows: readonly Row[], key = log.key): Promise<void> {
  const last = log.checkpoints.at(-1);
  const checkpoint = await sealCheckpoint({
    scope: scopeOf(rows[0]?.tenantId),
    seq: (last?.content.seq ?? 0) + 1,
    previousHash: last?.hash ?? null,
    leaves: rows.toSorted((one, other) => (one.id < other.id ? -1 : 1)),
    sealedAt: NOW,
    signer: new Ed25519Signer(key.privateKey),
  });
  log.checkpoints.push(checkpoint);
}

/** Rows 0-9, 10-19 and 20-29 sealed, but for 5, of a slow transaction, which is in the third; rows 30-33 fresh. */
export async function makeLog(tenantId: string | null = TENANT): Promise<Log> {
  const sealed = Array.from({ length: 30 }, (_, index) => rowOf(makeRecord({ tenantId, targetId: `r${index}` }, 120 - index)));
  const fresh = Array.from({ length: 4 }, () => rowOf(makeRecord({ tenantId })));
  const log: Log = { key: generateSigningKey(), rows: [...sealed, ...fresh], checkpoints: [] };
  await seal(log, sealed.slice(0, 10).toSpliced(5, 1));
  await seal(log, sealed.slice(10, 20));
  await seal(log, [sealed[5]!, ...sealed.slice(20, 30)]);
  return log;
}

/** Writes all checkpoints of a log anew over the rows as they are now, each over the ids that it had. */
export async function rewrite(log: Log, key: SigningKey): Promise<void> {
  const old = log.checkpoints;
  log.checkpoints = [];
  for (const { manifest } of old) {
    const ids = new Set(decodeManifest(manifest).map(({ id }) => id));
    await seal(
      log,
      log.rows.filter(({ id }) => ids.has(id)),
      key,
    );
  }
}

/** Verifies a log with its own key. */
export async function verify(log: Log, options: Partial<AuditVerification> = {}): Promise<AuditReport> {
  return verifyAuditLog({
    scope: scopeOf(log.rows[0]?.tenantId),
    rows: log.rows,
    checkpoints: log.checkpoints,
    publicKeys: { [log.key.keyId]: log.key.publicKey },
    now: NOW,
    maxUnsealedMs: 60 * MINUTE_MS,
    ...options,
  });
}
