import { LIVE_JOB_STATUSES } from '../system-job.entity.js';

// Lists are given as JSON, times as Unix milliseconds. What waits for the write lock has it before it reads: there is nobody to pass.

const ERROR_LOG_MAX_LENGTH = 64_000;
const LIVE = `(${LIVE_JOB_STATUSES.map((status) => `'${status}'`).join(', ')})`;
/** The time from which a pending job could have been run. */
const READY_SINCE = 'coalesce(available_at, created_at)';
const CLAIMED_COLUMNS = `id, job_type, fairness_key, tenant_id, actor_user_id, priority, payload, attempt, max_attempts, crash_count,
  claim_token, concurrency_key, trace_context`;

const listed = `(select value from json_each(?))`;
const logged = (error: string) =>
  `substr(${error} || case when error_log is null then '' else char(10, 10) || error_log end, 1, ${ERROR_LOG_MAX_LENGTH})`;

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

export const nextReadyTenant = `
  select fairness_key from sys_jobs where queue = ? and status = 'pending' and fairness_key > ? order by fairness_key limit 1`;

export const firstReadyTenant = `
  select fairness_key from sys_jobs where queue = ? and status = 'pending' order by fairness_key limit 1`;

export const completeThese = `
  update sys_jobs set status = 'completed', completed_at = ?
  where status = 'running' and id = ? and claim_token = ?`;

export const claimShare = `
  update sys_jobs set status = 'running', claim_token = claim_token + 1, attempt = attempt + 1, worker_id = ?, started_at = ?,
    available_at = null
  where id in (
    select id from sys_jobs
    where queue = ? and status = 'pending' and fairness_key = ? and (priority, id) > (?, ?) and job_type in ${listed}
    order by priority, id limit ?)
  returning ${CLAIMED_COLUMNS}`;

export const createLimit = `insert into sys_job_limits (queue) values (?) on conflict do nothing`;

export const countRunning = `
  select fairness_key as fairnessKey, concurrency_key as concurrencyKey, count(*) as running
  from sys_jobs where status = 'running' and queue = ? group by fairness_key, concurrency_key`;

export const findBuckets = `
  select fairness_key as fairnessKey, tokens, ? - filled_at as filledAgoMs
  from sys_job_limits where queue = ? and fairness_key in ${listed}`;

export const saveBucket = `
  insert into sys_job_limits (queue, fairness_key, tokens, filled_at) values (?, ?, ?, ?)
  on conflict (queue, fairness_key) do update set tokens = excluded.tokens, filled_at = excluded.filled_at`;

export const findCandidates = `
  select id, fairness_key as fairnessKey, concurrency_key as concurrencyKey from sys_jobs
  where queue = ? and status = 'pending' and fairness_key = ? and job_type in ${listed} order by priority, id limit ?`;

export const claimThese = `
  update sys_jobs set status = 'running', claim_token = claim_token + 1, attempt = attempt + 1, worker_id = ?, started_at = ?,
    available_at = null
  where id in ${listed} and status = 'pending' returning ${CLAIMED_COLUMNS}`;

export const block = `update sys_jobs set status = 'blocked' where id in ${listed} and status = 'pending'`;

export const unblock = `
  update sys_jobs set status = 'pending' where id in (
    select id from sys_jobs where status = 'blocked' and queue = ? and fairness_key = ? and concurrency_key = ? order by priority, id limit ?)
  returning id`;

export const unblockIdle = `
  update sys_jobs set status = 'pending' where id in (
    select id from sys_jobs as job where status = 'blocked' and not exists (
      select 1 from sys_jobs as other where other.status = 'running' and other.queue = job.queue
        and other.concurrency_key = job.concurrency_key and other.fairness_key = job.fairness_key)
    order by id limit 1000)
  returning queue`;

export const settle = `
  update sys_jobs set
    status = ?,
    attempt = attempt - ?,
    output = coalesce(?, output),
    error_log = case when ? is null then error_log else ${logged('?')} end,
    available_at = ?,
    completed_at = ?
  where id = ? and status = 'running' and claim_token = ?`;

export const complete = `
  update sys_jobs set status = 'completed', completed_at = ?, output = ?
  where id = ? and status = 'running' and claim_token = ? returning id`;

export const recordProgress = `update sys_jobs set progress = ? where id = ? and status = 'running' and claim_token = ?`;

export const findClaim = `select status, claim_token as claimToken from sys_jobs where id = ?`;

export const findClaims = `
  select id, claim_token as claimToken from sys_jobs where status = 'running' and worker_id = ? and queue = ?`;

export const register = `
  insert into sys_job_workers (id, host, pid, queues, job_types, started_at, beat_at) values (?, ?, ?, ?, ?, ?, ?)
  on conflict (id) do update set beat_at = excluded.beat_at`;

export const deregister = `delete from sys_job_workers where id = ?`;

export const beat = `update sys_job_workers set beat_at = ? where id = ?`;

export const needsRescue = `
  select exists (select 1 from sys_job_workers where id <> ? and beat_at < ?)
    or exists (select 1 from sys_jobs where status = 'running'
      and not exists (select 1 from sys_job_workers as worker where worker.id = worker_id)) as needed`;

export const nextDue = `select min(available_at) as at from sys_jobs where status = 'scheduled'`;

export const nextSlot = `
  select min(next_slot_at) as at from sys_job_schedules where is_active and (source = 'stored' or name in ${listed})`;

export const buryDead = `delete from sys_job_workers where beat_at < ? returning id`;

export const rescue = `
  update sys_jobs set
    crash_count = crash_count + 1,
    status = case when crash_count + 1 >= ?1 or attempt >= max_attempts then 'failed' else 'pending' end,
    available_at = case when crash_count + 1 >= ?1 or attempt >= max_attempts then null else ?2 end,
    completed_at = case when crash_count + 1 >= ?1 or attempt >= max_attempts then ?2 end,
    error_log = ${logged(`'Attempt ' || attempt || ': its worker' || coalesce(' ' || worker_id, '') || ' died.'`)}
  where status = 'running' and not exists (select 1 from sys_job_workers as worker where worker.id = worker_id)
  returning queue, status`;

export const promote = `
  update sys_jobs set status = 'pending' where id in (
    select id from sys_jobs where status = 'scheduled' and available_at <= ? order by available_at limit ?)
  returning queue`;

export const park = `
  update sys_jobs set status = 'parked',
    error_log = ${logged(`'No live worker of the queue ' || queue || ' has a handler for ' || job_type || '.'`)}
  where id in (
    select id from sys_jobs as job where status = 'pending' and ${READY_SINCE} < ? and not exists (
      select 1 from sys_job_workers as worker, json_each(worker.queues) as known, json_each(worker.job_types) as type
      where known.value = job.queue and type.value = job.job_type)
    limit 1000)
  returning id`;

export const unpark = `
  update sys_jobs set status = 'pending' where status = 'parked' and job_type in ${listed} returning queue`;

export const cancel = `
  update sys_jobs set status = 'cancelled', completed_at = ?, available_at = null
  where id in ${listed} and status in ${LIVE}`;

export const findLiveByIds = `
  select id, queue, fairness_key as fairnessKey, concurrency_key as concurrencyKey, status = 'running' as wasRunning
  from sys_jobs where id in ${listed} and status in ${LIVE} order by id`;

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

export const purgeBatch = `select id, status, completed_at as completedAt from sys_jobs where id > ? and id < ? order by id limit ?`;

export const deleteThese = `delete from sys_jobs where id in ${listed}`;

/** The statuses that have an index of their own, so that counting them does not read the history. */
export const countByStatus = ['pending', 'scheduled', 'running', 'blocked', 'parked', 'failed']
  .map(
    (status) => `select queue, '${status}' as status, count(*) as count, ?1 - min(${READY_SINCE}) as oldestAgeMs
    from sys_jobs where status = '${status}' group by queue`,
  )
  .join(' union all ');

export const workers = `
  select id, host, pid, queues, started_at as startedAt, ? - beat_at as lastBeatAgeMs,
    (select count(*) from sys_jobs where status = 'running' and worker_id = worker.id) as running
  from sys_job_workers as worker order by id`;
