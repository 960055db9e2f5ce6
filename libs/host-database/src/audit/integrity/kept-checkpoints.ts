import { type CheckpointBody, type CheckpointCopy, readCheckpointBody } from './checkpoint.js';
import type { PublicKeys } from './public-keys.js';
import type { Findings } from './verification-report.js';

interface Kept {
  readonly copy: CheckpointCopy;
  readonly content: CheckpointBody;
}

/** The checkpoints of a scope that an anchor kept outside of the database: what the log has to agree with. */
export class KeptCheckpoints {
  private readonly bySeq = new Map<number, Kept>();
  private newest: CheckpointBody | undefined;

  constructor(
    private readonly scope: string,
    private readonly keys: PublicKeys,
    private readonly findings: Findings,
  ) {}

  /** The one with the highest seq. */
  get last(): CheckpointBody | undefined {
    return this.newest;
  }

  /** Takes a copy, if it is of the scope and its signature is right: one that anybody could have written is no evidence. */
  add(copy: CheckpointCopy): void {
    const content = readCheckpointBody(copy.body);
    // What cannot be read names no scope, so that every scope has to report it.
    if (!content) {
      this.findings.add('checkpoint-edited', {}, 'a kept checkpoint cannot be read; it was left out');
      return;
    }
    if (content.scope !== this.scope) return;
    const { seq } = content;
    const other = this.bySeq.get(seq);
    if (other?.copy.body === copy.body) return;
    const verdict = this.keys.judge(copy);
    if (verdict !== 'valid') {
      const problem = verdict === 'wrong' ? 'does not match its signature' : `is signed by the unknown key ${content.keyId}`;
      this.findings.add('bad-signature', { seq }, `the kept checkpoint ${seq} ${problem}; it was left out`);
    } else if (other) {
      this.findings.add(
        'rewritten',
        { seq },
        `two kept checkpoints ${seq} differ, and both are signed: one history was replaced`,
      );
    } else {
      this.bySeq.set(seq, { copy, content });
      if (!this.newest || seq > this.newest.seq) this.newest = content;
    }
  }

  /** The kept copy of a checkpoint, if there is one. */
  copyOf(seq: number): CheckpointCopy | undefined {
    return this.bySeq.get(seq)?.copy;
  }

  /** What each of them says. */
  *[Symbol.iterator](): Generator<CheckpointBody> {
    for (const { content } of this.bySeq.values()) yield content;
  }
}
