import { Inject, Injectable } from '@nestjs/common';
import { DIRECT_CONNECTION, type DirectConnection, UnitOfWork } from '../../database/index.js';
import { Clock } from '../../common/index.js';
import { AuditAnchorFailedError, AuditInTransactionError, AuditSealingNotConfiguredError } from '../audit.errors.js';
import {
  type AnchoredCheckpoint,
  type AnchorKeepOptions,
  AUDIT_OPTIONS,
  type AuditAnchor,
  type AuditOptions,
} from '../audit.options.js';
import { directQuery } from '../direct-query.js';

const CHECKPOINTS_AT_ONCE = 500;
/**
 * A checkpoint may be committed a little after one with a larger id, and clocks differ: what is older than this is taken to be anchored
 * when all was. In the milliseconds with which ids begin.
 */
const LATE_COMMITS_MS = 3_600_000;
const ID_TIME_DIGITS = 12;

const NOT_ANCHORED = `
  select c.id, c.scope, c.seq, c.body, c.signature from sys_audit_checkpoints c
  where c.id >= ? and not exists (select 1 from sys_audit_anchorings a where a.checkpoint_id = c.id and a.anchor = ?)
  order by c.scope, c.seq limit ?`;

const NEWEST = 'select max(id) as newest from sys_audit_checkpoints';

/** How one anchor gets what it does not have yet. */
export interface AnchorToOptions extends AnchorKeepOptions {
  /** Is told how many it has taken, each time. */
  readonly onKept?: (count: number) => void;
}

/** How it went with one anchor. */
export interface AnchoringResult {
  readonly anchor: string;
  /** How many checkpoints it has taken. */
  readonly kept: number;
  /** Why it has not taken all. */
  readonly error?: AuditAnchorFailedError;
}

/** Hands checkpoints to the anchors, those of a scope in the order of their chain, each at least once. */
@Injectable()
export class AuditAnchoringService {
  /** By the name of an anchor: from which id on there may be checkpoints that it does not have. */
  private readonly from = new Map<string, string>();

  constructor(
    @Inject(DIRECT_CONNECTION) private readonly connection: DirectConnection,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
  ) {}

  /**
   * Hands each anchor of the options what it does not have yet. One that fails does not stop the others; the result tells of it. Call it
   * outside of a transaction.
   *
   * @throws AuditSealingNotConfiguredError without the option `audit.sealing`
   * @throws AuditInTransactionError inside a transaction
   */
  async anchor(): Promise<AnchoringResult[]> {
    const { sealing } = this.options;
    if (!sealing) throw new AuditSealingNotConfiguredError();
    if (this.unitOfWork.isInTransaction) throw new AuditInTransactionError('AuditAnchoringService.anchor()');
    return Promise.all(
      (sealing.anchors ?? []).map(async (anchor): Promise<AnchoringResult> => {
        let kept = 0;
        try {
          await this.anchorTo(anchor, { onKept: (count) => (kept += count) });
          return { anchor: anchor.name, kept };
        } catch (error) {
          if (error instanceof AuditAnchorFailedError) return { anchor: anchor.name, kept, error };
          throw error;
        }
      }),
    );
  }

  /**
   * Hands one anchor what it does not have yet.
   *
   * @throws AuditAnchorFailedError when it does not take them; what it took before is recorded
   */
  async anchorTo(anchor: AuditAnchor, { onKept, signal }: AnchorToOptions = {}): Promise<void> {
    const from = this.from.get(anchor.name) ?? '';
    // Before the checkpoints: the anchor has all up to this one at the end, by whichever process it got them.
    const [{ newest } = { newest: null }] = await directQuery<{ newest: string | null }>(this.connection, NEWEST);
    for (;;) {
      const checkpoints = await directQuery<AnchoredCheckpoint>(this.connection, NOT_ANCHORED, [
        from,
        anchor.name,
        CHECKPOINTS_AT_ONCE,
      ]);
      if (checkpoints.length > 0) await this.keep(anchor, checkpoints, { ...(signal && { signal }) });
      onKept?.(checkpoints.length);
      if (checkpoints.length < CHECKPOINTS_AT_ONCE) break;
      signal?.throwIfAborted();
    }
    if (newest !== null) this.from.set(anchor.name, earlier(newest, from));
  }

  private async keep(anchor: AuditAnchor, checkpoints: readonly AnchoredCheckpoint[], options: AnchorKeepOptions): Promise<void> {
    try {
      await anchor.keep(checkpoints, options);
    } catch (cause) {
      throw new AuditAnchorFailedError(anchor.name, { cause });
    }
    // Recorded only now: a process that dies in between hands them over again.
    const ids = checkpoints.map(({ id }) => id);
    const now = this.clock.now();
    const { connection } = this;
    if (connection.type === 'postgresql') {
      await connection.query(
        `insert into sys_audit_anchorings (checkpoint_id, anchor, anchored_at)
         select id, $2, $3 from unnest($1::text[]) as id on conflict do nothing`,
        [ids, anchor.name, now.toISOString()],
      );
      return;
    }
    await connection.exclusiveInTurn((db) => {
      // Without a conflict, for the guards of the table refuse whatever looks like a replacement.
      const insert = db.prepare(
        `insert into sys_audit_anchorings (checkpoint_id, anchor, anchored_at) select ?, ?, ?
         where not exists (select 1 from sys_audit_anchorings where checkpoint_id = ? and anchor = ?)`,
      );
      for (const id of ids) insert.run(id, anchor.name, now.getTime(), id, anchor.name);
    });
  }
}

/** The first id that could be made an hour before one. Never before `least`. */
function earlier(id: string, least: string): string {
  const ms = Math.max(0, Number.parseInt(id.slice(0, ID_TIME_DIGITS), 16) - LATE_COMMITS_MS);
  const first = ms.toString(16).padStart(ID_TIME_DIGITS, '0').padEnd(32, '0');
  return first > least ? first : least;
}
