import { Inject, Injectable } from '@nestjs/common';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { DATABASE_SETTINGS, type DatabaseSettings } from '../../database/index.js';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import type { IdRange } from './id-ranges.js';
import type { PurgeReason } from './purge-reasons.js';

/** Tells what keeps a range of rows from being removed. */
@Injectable()
export class PurgeCheck {
  constructor(
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
    @Inject(DATABASE_SETTINGS) private readonly settings: DatabaseSettings,
  ) {}

  /** What a query of the books tells, quickly enough to be asked again behind a lock. */
  async reasons(em: SqlEntityManager, range: IdRange): Promise<PurgeReason[]> {
    return [
      ...(await this.unsealed(em, range)),
      ...(await this.unanchored(em, range)),
      ...(await this.holds(em, range)),
      ...(await this.outsidePartitions(em, range)),
    ];
  }

  /**
   * What reading every row tells: whether each is in a checkpoint, as it was sealed, and none is missing. What the books say is not
   * enough, for whoever has changed the log would have the evidence removed.
   */
  async comparedWithCheckpoints(em: SqlEntityManager, range: IdRange): Promise<PurgeReason[]> {
    const checkpoints = await em.execute<{ id: string }[]>(
      'select id from sys_audit_checkpoints where first_id < ? and last_id >= ? order by id',
      [range.below, range.from],
    );
    let [matching, missing] = [0, 0];
    for (const { id } of checkpoints) {
      const leaves = await this.leavesOf(em, id, range);
      const found = await this.countStored(em, leaves, range);
      matching += found;
      missing += leaves.length - found;
    }
    const rows = await count(em, 'from sys_audit_logs where id >= ? and id < ?', [range.from, range.below]);
    const wrong = missing + Math.abs(rows - matching);
    return wrong === 0 ? [] : [{ kind: 'not-as-sealed', rows: wrong }];
  }

  /** Those of the range, as `id:leafHash`. */
  private async leavesOf(em: SqlEntityManager, checkpointId: string, { from, below }: IdRange): Promise<string[]> {
    const [checkpoint] = await em.execute<{ manifest: string }[]>('select manifest from sys_audit_checkpoints where id = ?', [
      checkpointId,
    ]);
    return checkpoint!.manifest.split('\n').filter((leaf) => leaf >= from && leaf < below);
  }

  private async countStored(em: SqlEntityManager, leaves: readonly string[], { from, below }: IdRange): Promise<number> {
    const ids = JSON.stringify(leaves.map((leaf) => leaf.slice(0, leaf.indexOf(':'))));
    const list =
      this.settings.type === 'sqlite' ? 'select value from json_each(?)' : 'select jsonb_array_elements_text(?::jsonb)';
    const rows = await em.execute<{ leaf: string }[]>(
      `select id || ':' || leaf_hash as leaf from sys_audit_logs where id in (${list}) and id >= ? and id < ?`,
      [ids, from, below],
    );
    const stored = new Set(rows.map(({ leaf }) => leaf));
    return leaves.filter((leaf) => stored.has(leaf)).length;
  }

  private async unsealed(em: SqlEntityManager, { below }: IdRange): Promise<PurgeReason[]> {
    const rows = await count(em, 'from sys_audit_unsealed where log_id < ?', [below]);
    return rows === 0 ? [] : [{ kind: 'not-sealed', rows }];
  }

  private async unanchored(em: SqlEntityManager, { below }: IdRange): Promise<PurgeReason[]> {
    const anchors = this.options.sealing?.anchors ?? [];
    if (anchors.length === 0) return [{ kind: 'no-anchor' }];
    const reasons: PurgeReason[] = [];
    for (const { name: anchor } of anchors) {
      const checkpoints = await count(
        em,
        `from sys_audit_checkpoints c where first_id < ? and not exists (
          select 1 from sys_audit_anchorings a where a.checkpoint_id = c.id and a.anchor = ?)`,
        [below, anchor],
      );
      if (checkpoints > 0) reasons.push({ kind: 'not-anchored', anchor, checkpoints });
    }
    return reasons;
  }

  private async holds(em: SqlEntityManager, { below }: IdRange): Promise<PurgeReason[]> {
    const holds = await em.execute<{ id: string; tenant_id: string | null }[]>(
      `select id, tenant_id from sys_audit_legal_holds h where released_at is null and (tenant_id is null or exists (
        select 1 from sys_audit_logs l where l.tenant_id = h.tenant_id and l.id < ?)) order by id`,
      [below],
    );
    return holds.map(({ id, tenant_id }) => ({ kind: 'legal-hold', holdId: id, tenantId: tenant_id }));
  }

  private async outsidePartitions(em: SqlEntityManager, { below }: IdRange): Promise<PurgeReason[]> {
    if (this.settings.type === 'sqlite') return [];
    // Through the whole, for others than the owner may not read a partition.
    const outside = `from sys_audit_logs where tableoid = to_regclass('sys_audit_logs_p0') and id < ?`;
    const rows = await count(em, outside, [below]);
    return rows === 0 ? [] : [{ kind: 'outside-partitions', rows }];
  }
}

async function count(em: SqlEntityManager, from: string, parameters: readonly string[]): Promise<number> {
  const [result] = await em.execute<{ rows: number | string }[]>(`select count(*) as rows ${from}`, [...parameters]);
  return Number(result?.rows);
}
