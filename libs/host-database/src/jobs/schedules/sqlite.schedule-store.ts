import type { SqliteDirectConnection } from '../../database/index.js';
import type { JobTime } from '../store/index.js';
import { toNewJobRow } from '../store/rows.js';
import { insert } from '../store/sqlite/caller.sql.js';
import { type Advance, type AdvanceRequest, type DueSchedule, notMoved, ScheduleStore } from './schedule-store.interface.js';

const SELECTED = `is_active and (source = 'stored' or name in (select value from json_each(?)))
  and name not in (select value from json_each(?))`;

const FIND_DUE = `
  select name, job_type as jobType, cron, time_zone as timeZone, payload, queue, tenant_id as tenantId, priority, missed,
    missed_limit as missedLimit, next_slot_at as nextSlotMs
  from sys_job_schedules
  where ${SELECTED} and next_slot_at <= ?
  order by next_slot_at, name limit ?`;

const MOVE = `update sys_job_schedules set last_slot_at = ?, next_slot_at = ? where name = ?`;

const NEXT_SLOT = `select min(next_slot_at) as at from sys_job_schedules where ${SELECTED}`;

/** The schedules' statements on SQLite, where whoever looks has the one write lock. */
export class SqliteScheduleStore extends ScheduleStore {
  constructor(
    private readonly connection: SqliteDirectConnection,
    private readonly time: JobTime,
  ) {
    super();
  }

  async advance({ inCode, except, limit, decide }: AdvanceRequest): Promise<Advance> {
    const own = JSON.stringify(inCode);
    return this.connection.exclusive((db) => {
      const now = this.timeNow();
      const rows = db.prepare<DueRow>(FIND_DUE).all(own, JSON.stringify(except), now.getTime(), limit);
      const moved = rows.length > 0 ? decide(rows.map(toDueSchedule), now) : [];
      const jobs = moved.flatMap((move) => move.jobs.map(toNewJobRow));
      const enqueued = jobs.length > 0 ? db.prepare(insert).all(now.getTime(), JSON.stringify(jobs)).length : 0;
      const move = db.prepare(MOVE);
      for (const { name, lastSlotAt, nextSlotAt } of moved) move.run(lastSlotAt.getTime(), nextSlotAt?.getTime() ?? null, name);
      const next = db.prepare<{ at: number | null }>(NEXT_SLOT).get(own, JSON.stringify([...except, ...notMoved(rows, moved)]));
      return { found: rows.length, moved, enqueued, nextSlotMs: next?.at == null ? undefined : next.at - now.getTime() };
    });
  }

  async now(): Promise<Date> {
    return this.timeNow();
  }

  /** SQLite serves one machine, so its clock is the machine's. */
  private timeNow(): Date {
    return this.time.override ?? new Date();
  }
}

interface DueRow extends Omit<DueSchedule, 'nextSlotAt' | 'payload'> {
  readonly nextSlotMs: number;
  readonly payload: string | null;
}

function toDueSchedule(row: DueRow): DueSchedule {
  const payload: unknown = row.payload === null ? null : JSON.parse(row.payload);
  return { ...row, payload, nextSlotAt: new Date(row.nextSlotMs) };
}
