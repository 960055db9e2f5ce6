import { listed, logged } from './fragments.sql.js';

export const register = `
  insert into sys_job_workers (id, host, pid, queues, job_types, started_at, beat_at) values (?, ?, ?, ?, ?, ?, ?)
  on conflict (id) do update set beat_at = excluded.beat_at`;

export const deregister = `delete from sys_job_workers where id = ?`;

export const beat = `update sys_job_workers set beat_at = ? where id = ?`;

export const needsRescue = `
  select (select min(beat_at) from sys_job_workers where id <> ?1) as quietest,
    exists (select 1 from sys_job_workers where id <> ?1 and beat_at < ?2)
    or exists (select 1 from sys_jobs where status = 'running'
      and not exists (select 1 from sys_job_workers as worker where worker.id = worker_id)) as needed`;

export const nextDue = `select min(available_at) as at from sys_jobs where status = 'scheduled'`;

export const nextSlot = `
  select min(next_slot_at) as at from sys_job_schedules where is_active and (source = 'stored' or name in ${listed})`;

export const buryDead = `delete from sys_job_workers where beat_at < ? and id is not ? returning id`;

export const rescue = `
  update sys_jobs set
    crash_count = crash_count + 1,
    status = case when crash_count + 1 >= ?1 or attempt >= max_attempts then 'failed' else 'pending' end,
    available_at = case when crash_count + 1 >= ?1 or attempt >= max_attempts then null else ?2 end,
    completed_at = case when crash_count + 1 >= ?1 or attempt >= max_attempts then ?2 end,
    error_log = ${logged(`'Attempt ' || attempt || ': its worker' || coalesce(' ' || worker_id, '') || ' died.'`)}
  where status = 'running' and not exists (select 1 from sys_job_workers as worker where worker.id = worker_id)
  returning queue, status`;
