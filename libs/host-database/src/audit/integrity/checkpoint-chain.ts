import type { CheckpointBody } from './checkpoint.js';
import { type CheckpointVerdict, judgeCheckpoint, type StoredCheckpoint } from './checkpoint-verdict.js';
import { checkpointHash } from './hashes.js';
import { IdRanges } from './id-ranges.js';
import type { KeptCheckpoints } from './kept-checkpoints.js';
import type { PublicKeys } from './public-keys.js';
import { SealedLeaves } from './sealed-leaves.js';
import type { Findings } from './verification-report.js';

// Ids are hex.
const FIRST_ID = '';
const AFTER_ALL_IDS = 'g';

interface Link {
  readonly seq: number;
  readonly hash: string;
  /** Undefined where the body cannot be read. */
  readonly content: CheckpointBody | undefined;
}

interface Seal {
  readonly seq: number;
  readonly atMs: number;
}

/** The checkpoints of one scope, taken in the order of seq: their own state, their chain, and the copies that were kept. */
export class CheckpointChain {
  readonly leaves = new SealedLeaves();
  readonly unproven = new IdRanges();
  private readonly seals: Seal[] = [];
  private link: Link | undefined;
  /** Whether the last ones cannot be read: they may have held any row up to the end of the next one that can be. */
  private isRangeOpen = false;
  private count = 0;

  constructor(
    private readonly context: {
      readonly scope: string;
      readonly keys: PublicKeys;
      readonly kept: KeptCheckpoints;
      readonly findings: Findings;
    },
  ) {}

  /** How many checkpoints were taken. */
  get checked(): number {
    return this.count;
  }

  /** The last checkpoint of the chain. */
  get last(): Link | undefined {
    return this.link;
  }

  /** The checkpoint that holds a row, by the row's entry in {@link leaves}. */
  sealOf(entry: number): Seal {
    return this.seals[this.leaves.checkpointOf(entry)]!;
  }

  add(stored: StoredCheckpoint): void {
    this.count++;
    const hash = checkpointHash(stored.body);
    const verdict = this.judge(stored);
    const { content } = verdict;
    // One that cannot be read takes the place that it seems to have, so that the next one is not missed too.
    const seq = content?.seq ?? this.nextSeq;
    if (verdict.fault) this.report(verdict.fault.kind, seq, verdict.fault.message + this.comparedWithKept(stored, seq));
    if (content && content.scope !== this.context.scope) {
      if (!verdict.fault) this.report('inserted', seq, `it belongs to the scope ${content.scope}`);
      return;
    }
    if (this.link && seq === this.link.seq) {
      if (hash === this.link.hash) this.report('replayed', seq, 'it is there twice');
      else if (!verdict.fault) this.report('broken-chain', seq, 'another one has the same number');
      return;
    }
    this.checkLink(seq, content, verdict.fault !== undefined);
    // Whoever has the key can make all of it match again; only the copy outside cannot be changed with it.
    if (!verdict.fault && this.differsFromKept(stored, seq))
      this.report('rewritten', seq, 'it is not the one that was kept outside');
    this.takeLeaves(verdict, seq);
    this.link = { seq, hash, content };
  }

  /** Says what is missing at the end. To be called once, when all have been added. */
  finish(): void {
    if (this.isRangeOpen) this.unproven.add(FIRST_ID, AFTER_ALL_IDS);
    const last = this.context.kept.last;
    const end = this.link?.seq ?? 0;
    if (!last || last.seq <= end) return;
    for (const { seq, firstId, lastId } of this.context.kept) if (seq > end) this.unproven.add(firstId, lastId);
    this.report('truncated', end + 1, `the chain ends at ${end}, and the checkpoint ${last.seq} was kept outside`);
  }

  private get nextSeq(): number {
    return (this.link?.seq ?? 0) + 1;
  }

  /** The kept copy stands in for a manifest that was damaged, where it has one. */
  private judge(stored: StoredCheckpoint): CheckpointVerdict {
    const verdict = judgeCheckpoint(stored, this.context.keys);
    if (!verdict.content || verdict.leaves) return verdict;
    const kept = this.context.kept.copyOf(verdict.content.seq);
    if (!kept?.manifest || kept.body !== stored.body) return verdict;
    return { ...verdict, leaves: judgeCheckpoint(kept, this.context.keys).leaves };
  }

  private checkLink(seq: number, content: CheckpointBody | undefined, isFaulty: boolean): void {
    if (seq !== this.nextSeq) {
      const expected = this.nextSeq;
      this.report(
        'broken-chain',
        seq,
        seq > expected ? `checkpoints ${expected} to ${seq - 1} are missing` : 'it is out of its place',
      );
      // A slow transaction's rows are in a late checkpoint: what is missing may have held any row up to here.
      if (content) this.unproven.add(FIRST_ID, content.lastId);
    } else if (content && !isFaulty && content.previousHash !== (this.link?.hash ?? null)) {
      const before = this.link
        ? `the checkpoint ${this.link.seq} has another hash than it had`
        : 'it is the first, and points at one before it';
      this.report('broken-chain', seq, before);
    }
  }

  private takeLeaves({ content, leaves }: CheckpointVerdict, seq: number): void {
    if (content && this.isRangeOpen) this.unproven.add(FIRST_ID, content.lastId);
    this.isRangeOpen = !content;
    if (!content) return;
    if (!leaves) {
      this.unproven.add(content.firstId, content.lastId);
      return;
    }
    const seal = this.seals.push({ seq, atMs: Date.parse(content.sealedAt) }) - 1;
    const repeated = leaves.filter((leaf) => !this.leaves.add(leaf, seal));
    if (repeated.length === 0) return;
    const { id } = repeated[0]!;
    const message = `checkpoint ${seq}: ${repeated.length} of its rows are in another checkpoint too, or in it twice`;
    this.context.findings.add('replayed', { seq, id }, message);
  }

  private differsFromKept({ body }: StoredCheckpoint, seq: number): boolean {
    const kept = this.context.kept.copyOf(seq);
    return kept !== undefined && kept.body !== body;
  }

  private comparedWithKept(stored: StoredCheckpoint, seq: number): string {
    return this.differsFromKept(stored, seq) ? '; it also differs from the copy that was kept outside' : '';
  }

  private report(kind: Parameters<Findings['add']>[0], seq: number, message: string): void {
    this.context.findings.add(kind, { seq }, `checkpoint ${seq}: ${message}`);
  }
}
