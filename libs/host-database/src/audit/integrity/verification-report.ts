/** What is wrong with a row or a checkpoint. One mutation has one kind. */
export type AuditFindingKind =
  /** A row is not what was sealed, or its columns or its hash do not match its canonical text. */
  | 'edited'
  /** A sealed row is gone, and not by retention. */
  | 'missing'
  /** A row, or a checkpoint, is in a place that is not its own. */
  | 'inserted'
  /** The content of a sealed row is found again where it was not recorded, or a row or a checkpoint is there twice. */
  | 'replayed'
  /** The content of a sealed row is stored under another id, and no longer under its own; or a checkpoint's rows do not ascend. */
  | 'reordered'
  /** A row is in no checkpoint, though it is old enough, or is dated in the future: added behind the sealer's back, or the sealer stands still. */
  | 'not-sealed-in-time'
  /** The chain ends before a checkpoint that was kept outside. */
  | 'truncated'
  /** A checkpoint differs from the copy that was kept outside. */
  | 'rewritten'
  /** A checkpoint is missing, out of its place, or does not point at the one before it. */
  | 'broken-chain'
  /** A checkpoint contradicts itself: its rows, or the way its text is written. */
  | 'checkpoint-edited'
  /** A checkpoint was not signed by a known key, or was changed since. */
  | 'bad-signature';

export interface AuditFinding {
  readonly kind: AuditFindingKind;
  readonly scope: string;
  /** The id of the row, where it is about one. */
  readonly id?: string;
  /** The checkpoint, where it is about one. */
  readonly seq?: number;
  /** For people: facts of the format (ids, columns, keys), never the content of a row. */
  readonly message: string;
}

/** The result of the verification of one scope. */
export interface AuditReport {
  readonly scope: string;
  /** Whether nothing was found. Read {@link limits} for what that does not say. */
  readonly ok: boolean;
  /** Every row that was given. */
  readonly checkedRows: number;
  readonly checkedCheckpoints: number;
  /** Rows that a checkpoint holds. */
  readonly sealedRows: number;
  /** Rows that no checkpoint holds. */
  readonly unsealedRows: number;
  /** Sealed rows that were older than `maxUnsealedMs` by then: slow transactions, a sealer that stood still, or backdated rows. */
  readonly sealedLateRows: number;
  /** Rows that only their own hash speaks for, since their checkpoint is damaged or missing. */
  readonly unprovenRows: number;
  /** Rows that checkpoints hold and that retention has removed. */
  readonly purgedRows: number;
  /** When the oldest row that no checkpoint holds was recorded (ISO 8601); null where all are sealed. */
  readonly oldestUnsealedAt: string | null;
  /** The end of the chain: compare it with what an anchor knows. */
  readonly lastCheckpoint: { readonly seq: number; readonly hash: string } | null;
  /** What was found: of each kind the first ones only, see {@link findingsByKind} for how many there are. */
  readonly findings: readonly AuditFinding[];
  readonly findingsTotal: number;
  readonly findingsByKind: Readonly<Partial<Record<AuditFindingKind, number>>>;
  /** What the verification cannot know from what it was given. */
  readonly limits: readonly string[];
}

/** Collects findings and keeps so many of each kind: a flood of one kind does not hide another. */
export class Findings {
  private readonly kept: AuditFinding[] = [];
  private readonly counts: Partial<Record<AuditFindingKind, number>> = {};
  private count = 0;

  constructor(
    private readonly scope: string,
    private readonly keepPerKind: number,
  ) {}

  add(kind: AuditFindingKind, at: { readonly id?: string; readonly seq?: number }, message: string): void {
    this.count++;
    const ofKind = (this.counts[kind] ?? 0) + 1;
    this.counts[kind] = ofKind;
    if (ofKind <= this.keepPerKind) this.kept.push({ kind, scope: this.scope, ...at, message });
  }

  get total(): number {
    return this.count;
  }

  toReport(): Pick<AuditReport, 'ok' | 'findings' | 'findingsTotal' | 'findingsByKind'> {
    return {
      ok: this.count === 0,
      findings: [...this.kept],
      findingsTotal: this.count,
      findingsByKind: { ...this.counts },
    };
  }
}
