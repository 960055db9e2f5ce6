import type { SqliteDirectConnection } from '../../../database/index.js';
import { COUNTED, READY_SINCE } from '../job-columns.js';
import type { StoreStatistics, WorkerStatistics } from '../job-statistics.interface.js';
import { byQueue, type StatusCount } from '../queue-counts.js';

interface WorkerRow extends Omit<WorkerStatistics, 'queues' | 'startedAt'> {
  readonly queues: string;
  readonly startedAt: number;
}

const countByStatus = COUNTED.map(
  (status) => `select queue, '${status}' as status, count(*) as count, ?1 - min(${READY_SINCE}) as oldestAgeMs
  from sys_jobs where status = '${status}' group by queue`,
).join(' union all ');

const workers = `
  select id, host, pid, queues, started_at as startedAt, ? - beat_at as lastBeatAgeMs,
    (select count(*) from sys_jobs where status = 'running' and worker_id = worker.id) as running
  from sys_job_workers as worker order by id`;

export function readStatistics(db: Pick<SqliteDirectConnection, 'prepare'>, now: number): StoreStatistics {
  const counts = db.prepare<StatusCount>(countByStatus).all({ 1: now });
  const alive = db.prepare<WorkerRow>(workers).all(now);
  return {
    queues: byQueue(counts),
    workers: alive.map(({ id, host, pid, queues, startedAt, lastBeatAgeMs, running }) => {
      return { id, host, pid, queues: JSON.parse(queues) as string[], startedAt: new Date(startedAt), lastBeatAgeMs, running };
    }),
    oldestTransaction: undefined,
  };
}
