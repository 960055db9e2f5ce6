import type { SqlEntityManager } from '@mikro-orm/sql';
import type { PostgresqlDirectConnection } from '../../database/index.js';
import type { JobTime } from '../store/index.js';
import { insert } from '../store/postgresql/caller.sql.js';
import { toNewJobRow } from '../store/rows.js';
import {
  type Advance,
  type AdvanceRequest,
  type DueSchedule,
  notMoved,
  type ScheduleMove,
  ScheduleStore,
} from './schedule-store.interface.js';

const TIME = 'coalesce($1::timestamptz, now())';
const SELECTED = `is_active and (source = 'stored' or name = any($2::text[])) and name <> all($3::text[])`;
/** Exact: a number of PostgreSQL's own, not a binary fraction of a second. */
const ms = (time: string) => `floor(extract(epoch from ${time}) * 1000)::float8`;

const LOCK_DUE = `
  select name, job_type as "jobType", cron, time_zone as "timeZone", payload, queue, tenant_id as "tenantId", priority, missed,
    missed_limit as "missedLimit", ${ms('next_slot_at')} as "nextSlotMs", ${ms(TIME)} as "nowMs"
  from sys_job_schedules
  where ${SELECTED} and next_slot_at <= ${TIME}
  order by next_slot_at, name limit $4 for update skip locked`;

const MOVE = `
  update sys_job_schedules as schedule
  set last_slot_at = to_timestamp(moved.last_slot_at / 1000), next_slot_at = to_timestamp(moved.next_slot_at / 1000)
  from jsonb_to_recordset($1::jsonb) as moved(name text, last_slot_at float8, next_slot_at float8)
  where schedule.name = moved.name`;

const NEXT_SLOT = `
  select (${ms('min(next_slot_at)')} - ${ms(TIME)}) as "nextSlotMs" from sys_job_schedules where ${SELECTED}`;

/** The one of the job store, with parameters as the direct connection takes them. */
const INSERT = ['$1', '$2'].reduce((sql, parameter) => sql.replace('?', () => parameter), insert);

/** The schedules' statements on PostgreSQL. */
export class PostgresqlScheduleStore extends ScheduleStore {
  constructor(
    private readonly connection: PostgresqlDirectConnection,
    private readonly time: JobTime,
  ) {
    super();
  }

  async advance({ inCode, except, limit, decide }: AdvanceRequest): Promise<Advance> {
    const now = this.time.override;
    return this.connection.transaction(async (query) => {
      const rows = await query<DueRow>(LOCK_DUE, [now, inCode, except, limit]);
      const moved = rows[0] ? decide(rows.map(toDueSchedule), new Date(rows[0].nowMs)) : [];
      const jobs = moved.flatMap((move) => move.jobs.map(toNewJobRow));
      const enqueued = jobs.length > 0 ? (await query(INSERT, [now, JSON.stringify(jobs)])).length : 0;
      if (moved.length > 0) await query(MOVE, [JSON.stringify(moved.map(toMoveRow))]);
      const passedBy = [...except, ...notMoved(rows, moved)];
      const [next] = await query<{ nextSlotMs: number | null }>(NEXT_SLOT, [now, inCode, passedBy]);
      return { found: rows.length, moved, enqueued, nextSlotMs: next?.nextSlotMs ?? undefined };
    });
  }

  async now(em: SqlEntityManager): Promise<Date> {
    if (this.time.override) return this.time.override;
    // now() is when the caller's transaction began, which may have been before a slot that has been decided since.
    const [row]: { ms?: number }[] = await em.execute(`select ${ms('clock_timestamp()')} as ms`);
    return new Date(Number(row?.ms));
  }
}

interface DueRow extends Omit<DueSchedule, 'nextSlotAt'> {
  readonly nextSlotMs: number;
  readonly nowMs: number;
}

function toDueSchedule(row: DueRow): DueSchedule {
  return { ...row, nextSlotAt: new Date(row.nextSlotMs) };
}

function toMoveRow({ name, lastSlotAt, nextSlotAt }: ScheduleMove) {
  return { name, last_slot_at: lastSlotAt.getTime(), next_slot_at: nextSlotAt?.getTime() ?? null };
}
