import { CheckpointChain } from './checkpoint-chain.js';
import type { CheckpointCopy } from './checkpoint.js';
import type { StoredCheckpoint } from './checkpoint-verdict.js';
import { KeptCheckpoints } from './kept-checkpoints.js';
import { type PublicKeyMap, PublicKeys } from './public-keys.js';
import { RowAudit } from './row-audit.js';
import type { StoredAuditRow } from './stored-row.js';
import { verificationLimits } from './verification-limits.js';
import { type AuditReport, Findings } from './verification-report.js';

type Stream<Item> = AsyncIterable<Item> | Iterable<Item>;

/** By what a scope is verified, besides its rows and checkpoints. */
export interface VerificationOptions {
  /** `host`, or the id of a tenant. */
  readonly scope: string;
  /** Every key that ever signed a checkpoint of it. */
  readonly publicKeys: PublicKeyMap;
  /** When the rows were read. */
  readonly now: Date;
  /**
   * How old a row may be that no checkpoint holds: longer than the sealer's interval and the longest transaction together. A row that is
   * dated further in the future than this is a finding too.
   */
  readonly maxUnsealedMs: number;
  /** Rows that the sealer may not take yet, however old, since a transaction that began before them is still open. */
  readonly pending?: ReadonlySet<string>;
  /** The recorded cut-off of retention: rows with smaller ids may be gone. */
  readonly purgedThrough?: string | null;
  /** How many findings of each kind the report holds; all are counted. @default 100 */
  readonly findingsPerKind?: number;
}

/** One scope of a log, and by what it is verified. */
export interface AuditVerification extends VerificationOptions {
  /** All rows of the scope, best by ascending id. Read once. */
  readonly rows: Stream<StoredAuditRow>;
  /** All checkpoints of the scope, by ascending seq. Read once, before the rows. */
  readonly checkpoints: Stream<StoredCheckpoint>;
  /** What an anchor kept outside of the database; copies of other scopes are passed over. */
  readonly kept?: Stream<CheckpointCopy>;
}

const FINDINGS_PER_KIND = 100;

/**
 * Verifies one scope of the audit log by its rows, its checkpoints, public keys and, best, checkpoints that were kept outside.
 * Reads no database and writes nothing. Needs about 70 bytes of memory for each sealed row, whatever a row holds.
 *
 * Read the checkpoints and the rows from one snapshot, or the checkpoints first: then a row that is sealed in between is
 * merely not sealed yet.
 *
 * @throws InvalidSigningKeyError if a public key is not an Ed25519 key in PEM
 */
export async function verifyAuditLog({ rows, checkpoints, kept = [], ...options }: AuditVerification): Promise<AuditReport> {
  const verifier = new AuditVerifier(options);
  for await (const copy of kept) verifier.addKept(copy);
  for await (const checkpoint of checkpoints) verifier.addCheckpoint(checkpoint);
  for await (const row of rows) verifier.addRow(row);
  return verifier.finish();
}

/** {@link verifyAuditLog} for whoever reads several scopes at a time: first the kept ones, then the checkpoints, then the rows. */
export class AuditVerifier {
  private readonly findings: Findings;
  private readonly kept: KeptCheckpoints;
  private readonly chain: CheckpointChain;
  private readonly rows: RowAudit;
  private areCheckpointsDone = false;

  /** @throws InvalidSigningKeyError if a public key is not an Ed25519 key in PEM */
  constructor(private readonly options: VerificationOptions) {
    const { scope, now, maxUnsealedMs, pending, purgedThrough } = options;
    const keys = new PublicKeys(options.publicKeys);
    const findings = new Findings(scope, options.findingsPerKind ?? FINDINGS_PER_KIND);
    this.findings = findings;
    this.kept = new KeptCheckpoints(scope, keys, findings);
    this.chain = new CheckpointChain({ scope, keys, kept: this.kept, findings });
    this.rows = new RowAudit({
      scope,
      chain: this.chain,
      findings,
      nowMs: now.getTime(),
      maxUnsealedMs,
      pending: pending ?? new Set(),
      purgedThrough: purgedThrough ?? undefined,
    });
  }

  addKept(copy: CheckpointCopy): void {
    this.kept.add(copy);
  }

  addCheckpoint(checkpoint: StoredCheckpoint): void {
    this.chain.add(checkpoint);
  }

  addRow(row: StoredAuditRow): void {
    this.endCheckpoints();
    this.rows.add(row);
  }

  /** Returns the report. To be called once, at the end. */
  finish(): AuditReport {
    this.endCheckpoints();
    this.rows.finish();
    const { rows, chain } = this;
    const counts = {
      checkedRows: rows.checked,
      checkedCheckpoints: chain.checked,
      sealedRows: rows.sealed,
      unsealedRows: rows.checked - rows.sealed,
      sealedLateRows: rows.sealedLate,
      unprovenRows: rows.unproven,
      purgedRows: rows.purged,
    };
    const { oldestUnsealedMs } = rows;
    return {
      scope: this.options.scope,
      ...counts,
      oldestUnsealedAt: Number.isFinite(oldestUnsealedMs) ? new Date(oldestUnsealedMs).toISOString() : null,
      lastCheckpoint: chain.last ? { seq: chain.last.seq, hash: chain.last.hash } : null,
      ...this.findings.toReport(),
      limits: verificationLimits({ ...counts, keptThrough: this.kept.last?.seq, lastSeq: chain.last?.seq ?? 0 }),
    };
  }

  private endCheckpoints(): void {
    if (!this.areCheckpointsDone) this.chain.finish();
    this.areCheckpointsDone = true;
  }
}
