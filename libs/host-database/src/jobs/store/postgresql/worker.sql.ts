import { IS_ORPHAN, logged, ms, time } from './fragments.sql.js';

export const register = `
  insert into sys_job_workers (id, host, pid, queues, job_types, started_at, beat_at)
  values ($1, $2, $3, $4::jsonb, $5::jsonb, ${time('$6')}, ${time('$6')})
  on conflict (id) do update set beat_at = excluded.beat_at`;

export const deregister = `delete from sys_job_workers where id = $1`;

const nextTimes = (now: string, schedules: string) => `
    (select extract(epoch from min(available_at) - ${now})::float8 * 1000 from sys_jobs where status = 'scheduled') as "nextDueMs",
    (select extract(epoch from min(next_slot_at) - ${now})::float8 * 1000 from sys_job_schedules
      where is_active and (source = 'stored' or name = any(${schedules}::text[]))) as "nextSlotMs"`;

export const findNextTimes = `select ${nextTimes(time('$2'), '$1')}`;

export const beat = `
  with beat as (update sys_job_workers set beat_at = ${time('$4')} where id = $1 returning 1)
  select exists (select 1 from beat) as "isAlive",
    exists (select 1 from sys_job_workers where id <> $1 and beat_at < ${time('$4')} - ${ms('$2')})
      or exists (select 1 from sys_jobs where ${IS_ORPHAN}) as "needsRescue",
    (select extract(epoch from min(beat_at) - ${time('$4')})::float8 * 1000 + $2::float8
      from sys_job_workers where id <> $1) as "nextDeathMs",
    array(select name from unnest($5::text[]) as mine(name) cross join lateral (
      select 1 from sys_jobs where status = 'pending' and queue = mine.name limit 1) as ready) as "readyQueues",
${nextTimes(time('$4'), '$3')}`;

export const buryDead = `delete from sys_job_workers where beat_at < ${time('$2')} - ${ms('$1')} and id is distinct from $3 returning id`;

export const rescue = `
  with orphan as materialized (
    select id from sys_jobs where ${IS_ORPHAN} order by id for update skip locked
  )
  update sys_jobs as job set
    crash_count = crash_count + 1,
    status = case when crash_count + 1 >= $1 or attempt >= max_attempts then 'failed' else 'pending' end,
    available_at = case when crash_count + 1 >= $1 or attempt >= max_attempts then null else ${time('$2')} end,
    completed_at = case when crash_count + 1 >= $1 or attempt >= max_attempts then ${time('$2')} end,
    error_log = ${logged(`'Attempt ' || attempt || ': its worker' || coalesce(' ' || worker_id, '') || ' died.'`)}
  from orphan where job.id = orphan.id
  returning job.queue, job.status`;
