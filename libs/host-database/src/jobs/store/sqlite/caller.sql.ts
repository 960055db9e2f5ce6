import { LIVE } from '../job-columns.js';
import { listed } from './fragments.sql.js';

// Statements that are part of the caller's transaction.

export const insert = `
  insert into sys_jobs (id, job_type, queue, tenant_id, fairness_key, actor_user_id, status, priority, payload, max_attempts,
    unique_key, concurrency_key, trace_context, created_at, available_at)
  select value ->> 'id', value ->> 'job_type', value ->> 'queue', value ->> 'tenant_id', value ->> 'fairness_key',
    value ->> 'actor_user_id', case when due_at > now then 'scheduled' else 'pending' end, value ->> 'priority',
    nullif(value -> 'payload', 'null'), value ->> 'max_attempts', value ->> 'unique_key', value ->> 'concurrency_key',
    value ->> 'trace_context', value ->> 'created_at', case when due_at > now then due_at end
  from (select value, given.now, coalesce(value ->> 'run_at', given.now + (value ->> 'delay_ms')) as due_at
    from (select ? as now) as given, json_each(?))
  where true
  on conflict (job_type, fairness_key, unique_key) where unique_key is not null and status in ${LIVE} do nothing
  returning id`;

export const findLive = `
  select wanted.value ->> 'id' as id, job.id as live
  from json_each(?) as wanted join sys_jobs as job
    on job.job_type = wanted.value ->> 'job_type' and job.fairness_key = wanted.value ->> 'fairness_key'
      and job.unique_key = wanted.value ->> 'unique_key'
  where job.unique_key is not null and job.status in ${LIVE}`;

export const complete = `
  update sys_jobs set status = 'completed', completed_at = ?, output = ?
  where id = ? and status = 'running' and claim_token = ? returning id`;

export const findLiveByIds = `
  select id, queue, fairness_key as fairnessKey, concurrency_key as concurrencyKey, status = 'running' as wasRunning
  from sys_jobs where id in ${listed} and status in ${LIVE} order by id`;

export const cancel = `
  update sys_jobs set status = 'cancelled', completed_at = ?, available_at = null
  where id in ${listed} and status in ${LIVE}`;

/** Of those with the same unique key the oldest; none where a live job has the key meanwhile. */
export const redrive = `
  update sys_jobs set status = 'pending', attempt = 0, crash_count = 0, available_at = ?, completed_at = null where id in (
    select id from (
      select id, sys_jobs.job_type, fairness_key, unique_key, row_number() over (
        partition by sys_jobs.job_type, fairness_key, unique_key, case when unique_key is null then id end order by id) as turn
      from sys_jobs, (select ? as ids, ? as queue, ? as job_type, ? as tenant_id) as filter
      where status = 'failed'
        and (filter.ids is null or id in (select value from json_each(filter.ids)))
        and (filter.queue is null or sys_jobs.queue = filter.queue)
        and (filter.job_type is null or sys_jobs.job_type = filter.job_type)
        and (filter.tenant_id is null or sys_jobs.tenant_id = filter.tenant_id)
    ) as dead
    where turn = 1 and not exists (
      select 1 from sys_jobs as other
      where other.job_type = dead.job_type and other.fairness_key = dead.fairness_key and other.unique_key = dead.unique_key
        and other.unique_key is not null and other.status in ${LIVE})
    order by id limit ?)
  returning queue`;
