import { scopeOf } from './audit-record.js';
import type { CheckpointChain } from './checkpoint-chain.js';
import { leafHash } from './hashes.js';
import { DISPLACED, INTACT, SEEN } from './sealed-leaves.js';
import { readRow, recordedAtMs, type RowReading, type StoredAuditRow } from './stored-row.js';
import type { AuditFindingKind, Findings } from './verification-report.js';

export interface RowAuditContext {
  readonly scope: string;
  readonly chain: CheckpointChain;
  readonly findings: Findings;
  readonly nowMs: number;
  readonly maxUnsealedMs: number;
  readonly pending: ReadonlySet<string>;
  readonly purgedThrough: string | undefined;
}

/**
 * The rows of one scope, held against the rows of its checkpoints, in any order. Each row has one finding at most: the one
 * that says most about what was done to it.
 */
export class RowAudit {
  checked = 0;
  sealed = 0;
  sealedLate = 0;
  unproven = 0;
  purged = 0;
  oldestUnsealedMs = Number.POSITIVE_INFINITY;
  private previousId: string | undefined;
  /** Rows that hold the content of another sealed row (id -> entry of that row): judged at the end, when its own place was seen. */
  private readonly displaced = new Map<string, number>();

  constructor(private readonly context: RowAuditContext) {}

  add(row: StoredAuditRow): void {
    this.checked++;
    const { leaves } = this.context.chain;
    const entry = leaves.find(row.id);
    const isTwice = entry === undefined ? row.id === this.previousId : leaves.has(entry, SEEN);
    this.previousId = row.id;
    if (entry === undefined) this.addUnsealed(row, isTwice);
    else this.addSealed(row, entry, isTwice);
  }

  /** Says which sealed rows never came. To be called once, when all have been added. */
  finish(): void {
    const { leaves } = this.context.chain;
    for (const [id, entry] of this.displaced) {
      const from = leaves.idOf(entry);
      if (leaves.has(entry, INTACT)) this.report('replayed', id, `it holds a copy of the row ${from}`);
      else this.report('reordered', id, `it holds the content of the row ${from}, which does not`);
    }
    for (let entry = 0; entry < leaves.size; entry++) {
      if (leaves.has(entry, SEEN)) continue;
      const id = leaves.idOf(entry);
      if (this.context.purgedThrough !== undefined && id < this.context.purgedThrough) this.purged++;
      // A row under another id was told of there.
      else if (!leaves.has(entry, DISPLACED)) this.report('missing', id, 'it is gone', this.context.chain.sealOf(entry).seq);
    }
  }

  private addSealed(row: StoredAuditRow, entry: number, isTwice: boolean): void {
    const { chain, maxUnsealedMs } = this.context;
    const seal = chain.sealOf(entry);
    this.sealed++;
    if (seal.atMs - recordedAtMs(row) > maxUnsealedMs) this.sealedLate++;
    chain.leaves.mark(entry, SEEN);
    if (isTwice) {
      this.report('replayed', row.id, 'it is there twice', seal.seq);
      return;
    }
    const hash = leafHash(row.canonical);
    const reading = readRow(row);
    if (hash !== chain.leaves.hashOf(entry)) {
      if (!this.isDisplaced(row, hash, reading))
        this.report('edited', row.id, 'its canonical text is not the one that was sealed', seal.seq);
      return;
    }
    chain.leaves.mark(entry, INTACT);
    this.reportOwnFault(row, hash, reading, seal.seq);
  }

  private addUnsealed(row: StoredAuditRow, isTwice: boolean): void {
    const { chain, nowMs, maxUnsealedMs, pending } = this.context;
    const recordedMs = recordedAtMs(row);
    const isUnproven = chain.unproven.hold(row.id);
    if (isUnproven) this.unproven++;
    if (recordedMs < this.oldestUnsealedMs) this.oldestUnsealedMs = recordedMs;
    if (isTwice) {
      this.report('replayed', row.id, 'it is there twice');
      return;
    }
    const hash = leafHash(row.canonical);
    const reading = readRow(row);
    if (this.isDisplaced(row, hash, reading) || this.reportOwnFault(row, hash, reading)) return;
    // Judged with the checkpoint that is damaged or missing, not once for each of its rows.
    if (isUnproven || pending.has(row.id)) return;
    // A row from the future would never be old enough. Clocks differ by less than what a row may wait.
    const isFromFuture = recordedMs - nowMs > maxUnsealedMs;
    if (!isFromFuture && nowMs - recordedMs <= maxUnsealedMs) return;
    const message = isFromFuture
      ? 'it is dated in the future'
      : row.id < (chain.last?.content?.lastId ?? '')
        ? 'sealed rows are around it: added later, or passed over'
        : 'it waits';
    this.report('not-sealed-in-time', row.id, `no checkpoint holds it (${message})`);
  }

  /** Whether the row holds what was sealed under another id; keeps it for the end. */
  private isDisplaced(row: StoredAuditRow, hash: string, reading: RowReading): boolean {
    if (reading.state !== 'differs' || reading.record.id === row.id) return false;
    const { leaves } = this.context.chain;
    const entry = leaves.find(reading.record.id);
    if (entry === undefined || leaves.hashOf(entry) !== hash) return false;
    leaves.mark(entry, DISPLACED);
    this.displaced.set(row.id, entry);
    return true;
  }

  /** Reports what a row says against itself, and tells whether it does. */
  private reportOwnFault(row: StoredAuditRow, hash: string, reading: RowReading, seq?: number): boolean {
    const { scope } = this.context;
    const tenantId = reading.state === 'differs' ? reading.record.tenantId : row.tenantId;
    if (reading.state === 'unreadable') {
      this.report('edited', row.id, 'its canonical text is not that of a record', seq);
    } else if (reading.state === 'differs' && reading.record.id !== row.id) {
      this.report('inserted', row.id, `its canonical text is that of the row ${reading.record.id}`, seq);
    } else if (scopeOf(tenantId) !== scope) {
      this.report('inserted', row.id, `it was recorded in the scope ${scopeOf(tenantId)}`, seq);
    } else if (hash !== row.leafHash) {
      this.report('edited', row.id, 'its hash is not that of its canonical text', seq);
    } else if (reading.state === 'differs') {
      this.report('edited', row.id, `differs from its canonical text: ${reading.columns.join(', ') || 'a field'}`, seq);
    } else return false;
    return true;
  }

  private report(kind: AuditFindingKind, id: string, message: string, seq?: number): void {
    this.context.findings.add(kind, seq === undefined ? { id } : { id, seq }, `row ${id}: ${message}`);
  }
}
