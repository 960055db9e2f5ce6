import { Inject, Injectable } from '@nestjs/common';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Clock, genId } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import { AuditService } from '../audit.service.js';
import { AuditPurge } from './audit-purge.entity.js';
import { type IdRange, monthOver } from './id-ranges.js';
import { PurgeCheck } from './purge-check.js';
import type { PurgeReason } from './purge-reasons.js';
import { RetentionNotConfiguredError } from './retention.errors.js';
import { RowRemoval } from './row-removal.js';

/** What was removed, and what was not. */
export interface PurgeResult {
  /** Every row with a smaller id is gone; null where none was removed. */
  readonly purgedThrough: string | null;
  /** How many rows were removed. */
  readonly rows: number;
  /** Why the next month was kept although its time is over; empty where its time is not over. */
  readonly kept: readonly PurgeReason[];
}

/** How to remove. */
export interface PurgeOptions {
  /** Only tells what would be removed. @default false */
  readonly dryRun?: boolean;
}

/** Removes the beginning of the log when its time is over. */
@Injectable()
export class AuditRetention {
  constructor(
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly check: PurgeCheck,
    private readonly removal: RowRemoval,
    private readonly clock: Clock,
  ) {}

  /**
   * Removes whole months (UTC) that ended more than `audit.retention.days` ago, the oldest first, up to the first one that has to be
   * kept: every row must be as its checkpoint says, every checkpoint must be with every anchor, and no legal hold may be on a tenant
   * that has rows there. Checkpoints stay, so that the rest is verified as before.
   *
   * Each month is a transaction of its own, with its row in `sys_audit_purges` and its event `audit.rows-purged`. Those who record wait
   * while it ends: on PostgreSQL for a moment, as the month's partition is dropped, on SQLite as long as deleting takes.
   *
   * @throws RetentionNotConfiguredError
   * @throws AuditPurgeNotPermittedError on PostgreSQL, when the role does not own the table
   */
  async purge({ dryRun = false }: PurgeOptions = {}): Promise<PurgeResult> {
    const { retention } = this.options;
    if (!retention) throw new RetentionNotConfiguredError();
    let [purgedThrough, rows] = [null as string | null, 0];
    for (let from = await this.begin(); ; from = purgedThrough) {
      const range = await this.monthOver(retention.days, from);
      if (!range) return { purgedThrough, rows, kept: [] };
      const kept = await this.unitOfWork.run(async (em) => {
        const reasons = await this.check.reasons(em, range);
        return reasons.length > 0 ? reasons : this.check.comparedWithCheckpoints(em, range);
      });
      if (kept.length > 0) return { purgedThrough, rows, kept };
      const removed = await (dryRun ? this.unitOfWork.run((em) => this.count(em, range)) : this.purgeMonth(range));
      if (typeof removed !== 'number') return { purgedThrough, rows, kept: removed };
      purgedThrough = range.below;
      rows += removed;
    }
  }

  /** Where the log was cut off last. */
  private async begin(): Promise<string> {
    const [last] = await this.unitOfWork.run((em) =>
      em.execute<{ through: string | null }[]>('select max(purged_through) as through from sys_audit_purges'),
    );
    return last?.through ?? '';
  }

  private async monthOver(days: number, from: string): Promise<IdRange | undefined> {
    const [oldest] = await this.unitOfWork.run((em) =>
      em.execute<{ id: string }[]>('select id from sys_audit_logs where id >= ? order by id limit 1', [from]),
    );
    return oldest && monthOver(days, { oldestId: oldest.id, from, now: this.clock.now() });
  }

  /** Returns how many rows were removed, or why none was. */
  private async purgeMonth(range: IdRange): Promise<number | readonly PurgeReason[]> {
    return this.unitOfWork.run(() =>
      this.unitOfWork.transactional(async (em) => {
        await this.removal.lock(em);
        // Again, now that nobody can add a row or a hold.
        const reasons = await this.check.reasons(em, range);
        if (reasons.length > 0) return reasons;
        const rows = await this.count(em, range);
        const purgedThrough = range.below;
        await em.insert(AuditPurge, { id: genId(), purgedThrough, rows, purgedAt: this.clock.now() });
        await this.removal.remove(em, range);
        await this.audit.record({ eventType: 'audit.rows-purged', tenantId: null, details: { purgedThrough, rows } });
        return rows;
      }),
    );
  }

  private async count(em: SqlEntityManager, { from, below }: IdRange): Promise<number> {
    const [result] = await em.execute<{ rows: number | string }[]>(
      'select count(*) as rows from sys_audit_logs where id >= ? and id < ?',
      [from, below],
    );
    return Number(result?.rows);
  }
}
