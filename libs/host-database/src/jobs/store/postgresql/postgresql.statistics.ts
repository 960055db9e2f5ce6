import type { PostgresqlQuery } from '../../../database/index.js';
import type { OldestTransaction, StoreStatistics, WorkerStatistics } from '../job-statistics.interface.js';
import { COUNTED, READY_SINCE } from '../job-columns.js';
import { byQueue, type StatusCount } from '../queue-counts.js';
import { time } from './fragments.sql.js';

export const countByStatus = COUNTED.map(
  (status) => `select queue, '${status}' as status, count(*)::int as count,
    extract(epoch from ${time('$1')} - min(${READY_SINCE}))::float8 * 1000 as "oldestAgeMs"
  from sys_jobs where status = '${status}' group by queue`,
).join(' union all ');

const workers = `
  select id, host, pid, queues, started_at as "startedAt",
    extract(epoch from ${time('$1')} - beat_at)::float8 * 1000 as "lastBeatAgeMs",
    (select count(*)::int from sys_jobs where status = 'running' and worker_id = worker.id) as running
  from sys_job_workers as worker order by id`;

/** Other databases of the server do not hold back the vacuum of this one, prepared transactions and replication slots aside. */
const oldestTransaction = `
  select pid, extract(epoch from clock_timestamp() - xact_start)::float8 * 1000 as "ageMs",
    application_name as "applicationName", coalesce(state, '') as state
  from pg_stat_activity
  where backend_xmin is not null and datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
  order by age(backend_xmin) desc, xact_start limit 1`;

export async function readStatistics(query: PostgresqlQuery, now: Date | null): Promise<StoreStatistics> {
  // Before the others, or it would see those.
  const [oldest] = await query<OldestTransaction>(oldestTransaction);
  const [counts, alive] = await Promise.all([query<StatusCount>(countByStatus, [now]), query<WorkerStatistics>(workers, [now])]);
  return { queues: byQueue(counts), workers: alive, oldestTransaction: oldest };
}
