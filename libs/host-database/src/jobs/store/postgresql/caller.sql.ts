import { LIVE } from '../job-columns.js';
import { found, ms, time } from './fragments.sql.js';

// Statements that are part of the caller's transaction.

/** In the order of the keys, so that two batches with the same ones never wait for each other in a circle. */
export const insert = `
  insert into sys_jobs (id, job_type, queue, tenant_id, fairness_key, actor_user_id, status, priority, payload, max_attempts,
    unique_key, concurrency_key, trace_context, created_at, available_at)
  select id, job_type, queue, tenant_id, fairness_key, actor_user_id,
    case when due_at > given.at then 'scheduled' else 'pending' end, priority, payload, max_attempts,
    unique_key, concurrency_key, trace_context, to_timestamp(created_at / 1000),
    case when due_at > given.at then due_at end
  from (select ${time('?')} as at) as given,
    jsonb_to_recordset(?::jsonb) as job(id text, job_type text, queue text, tenant_id text, fairness_key text, actor_user_id text,
      priority int, payload jsonb, max_attempts int, unique_key text, concurrency_key text, trace_context text,
      created_at float8, run_at float8, delay_ms float8),
    lateral (select coalesce(to_timestamp(run_at / 1000), given.at + ${ms('delay_ms')}) as due_at) as due
  order by unique_key, job_type, fairness_key, id
  on conflict (job_type, fairness_key, unique_key) where unique_key is not null and status in ${LIVE} do nothing
  returning id`;

export const findLive = `
  select wanted.id, job.id as live
  from sys_jobs as job
  join jsonb_to_recordset(?::jsonb) as wanted(id text, job_type text, fairness_key text, unique_key text)
    using (job_type, fairness_key, unique_key)
  where job.unique_key is not null and job.status in ${LIVE}`;

/** clock_timestamp(), since the transaction is the handler's: now() is before its work. */
export const complete = `
  update sys_jobs set status = 'completed', completed_at = coalesce(?::timestamptz, clock_timestamp()), output = ?::jsonb
  where id = ? and ${found('running')} and claim_token = ? returning id`;

export const cancel = `
  with live as materialized (
    select id, status from sys_jobs
    where id in (select value from jsonb_array_elements_text(?::jsonb)) and status in ${LIVE}
    order by id for update
  )
  update sys_jobs as job set status = 'cancelled', completed_at = ${time('?')}, available_at = null
  from live where job.id = live.id
  returning job.id, job.queue, job.fairness_key as "fairnessKey", job.concurrency_key as "concurrencyKey",
    live.status = 'running' as "wasRunning"`;

/** Of those with the same unique key the oldest; none where a live job has the key meanwhile. */
export const redrive = `
  with dead as materialized (
    select id, job_type, fairness_key, unique_key, row_number() over (
      partition by job_type, fairness_key, unique_key, case when unique_key is null then id end order by id) as turn
    from sys_jobs
    cross join (select ?::jsonb, ?::text, ?::text, ?::text) as filter(ids, queue, type, tenant)
    where status = 'failed'
      and (filter.ids is null or id in (select value from jsonb_array_elements_text(filter.ids)))
      and (filter.queue is null or sys_jobs.queue = filter.queue)
      and (filter.type is null or job_type = filter.type)
      and (filter.tenant is null or tenant_id = filter.tenant)
  ), chosen as materialized (
    select job.id from sys_jobs as job join dead on dead.id = job.id
    where dead.turn = 1 and job.status = 'failed' and not exists (
      select 1 from sys_jobs as other
      where other.job_type = job.job_type and other.fairness_key = job.fairness_key and other.unique_key = job.unique_key
        and other.unique_key is not null and other.status in ${LIVE})
    order by job.id limit ? for update of job skip locked
  )
  update sys_jobs as job
  set status = 'pending', attempt = 0, crash_count = 0, available_at = ${time('?')}, completed_at = null
  from chosen where job.id = chosen.id
  returning job.queue`;
