import { Inject, Injectable } from '@nestjs/common';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { DATABASE_SETTINGS, type DatabaseSettings } from '../../database/index.js';
import { type IdRange, instantOf } from './id-ranges.js';
import { AuditPurgeNotPermittedError } from './retention.errors.js';

const BATCH = 1_000;
const INSUFFICIENT_PRIVILEGE = '42501';
const MONTH = /^sys_audit_logs_p(\d{6})$/;

/** Removes rows, the way that the dialect's guards leave open. */
@Injectable()
export class RowRemoval {
  constructor(@Inject(DATABASE_SETTINGS) private readonly settings: DatabaseSettings) {}

  /**
   * Keeps others from adding rows or holds until the transaction ends, so that what is checked next stays true.
   *
   * @throws AuditPurgeNotPermittedError
   */
  async lock(em: SqlEntityManager): Promise<void> {
    // A transaction on SQLite has the one write lock.
    if (this.settings.type === 'sqlite') return;
    await asOwner(async () => {
      // Whoever waits for these locks is waited for by all who record: give up soon, the next run tries again.
      await em.execute(`set local lock_timeout = '2s'`);
      await em.execute('lock table sys_audit_legal_holds in share row exclusive mode');
      // The whole before its parts, as everybody else does. `only`: the parts that stay are left alone.
      await em.execute('lock table only sys_audit_logs in access exclusive mode');
    });
  }

  /**
   * Removes every row below the range's end. The purge has to be recorded before: the guard of SQLite goes by it.
   *
   * @throws AuditPurgeNotPermittedError
   */
  async remove(em: SqlEntityManager, range: IdRange): Promise<void> {
    if (this.settings.type === 'sqlite') await this.deleteRows(em, range);
    else await asOwner(() => this.dropPartitions(em, range));
  }

  private async deleteRows(em: SqlEntityManager, { below }: IdRange): Promise<void> {
    // In batches, so that the thread is free between them.
    for (;;) {
      const { affectedRows } = await em.execute<{ affectedRows: number }>(
        'delete from sys_audit_logs where id in (select id from sys_audit_logs where id < ? order by id limit ?)',
        [below, BATCH],
        'run',
      );
      if (affectedRows < BATCH) return;
    }
  }

  private async dropPartitions(em: SqlEntityManager, { below }: IdRange): Promise<void> {
    const end = instantOf(below).toISOString().slice(0, 7).replace('-', '');
    const partitions = await em.execute<{ name: string }[]>(
      `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
       where inhparent = 'sys_audit_logs'::regclass order by 1`,
    );
    for (const { name } of partitions) {
      const month = MONTH.exec(name)?.[1];
      if (month !== undefined && month < end) await em.execute(`drop table "${name}"`);
    }
  }
}

async function asOwner(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new AuditPurgeNotPermittedError({ cause: error });
  }
}
