import { LIVE_JOB_STATUSES } from '../system-job.entity.js';

// Statements for an EntityManager have `?`, those for the direct connection `$1`. Each takes the time as a parameter that is null for
// the database's own.
//
// now() and not clock_timestamp(), which no index condition may contain; outside a transaction they are the same.

/** What no priority is below. */
export const LOWEST_PRIORITY = -2_147_483_648;

const ERROR_LOG_MAX_LENGTH = 64_000;
const LIVE = `(${LIVE_JOB_STATUSES.map((status) => `'${status}'`).join(', ')})`;
/** The time from which a pending job could have been run. */
const READY_SINCE = 'coalesce(available_at, created_at)';
const CLAIMED_COLUMNS = `id, job_type, fairness_key, tenant_id, actor_user_id, priority, payload, attempt, max_attempts, crash_count,
  claim_token, concurrency_key, trace_context`;

const time = (parameter: string) => `coalesce(${parameter}::timestamptz, now())`;
const ms = (parameter: string) => `${parameter}::float8 * interval '1 millisecond'`;
/** The newest error first, so that cutting the text keeps what matters. */
const logged = (error: string, log = 'error_log') => `left(concat_ws(E'\\n\\n', ${error}, ${log}), ${ERROR_LOG_MAX_LENGTH})`;

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

/** Jumps from tenant to tenant along the index instead of reading the jobs between them. */
export const findReadyTenants = `
  with recursive tenant(fairness_key) as (
    (select fairness_key from sys_jobs
      where queue = $1 and status = 'pending' and ($2::text is null or fairness_key > $2) order by fairness_key limit 1)
    union all
    select (select job.fairness_key from sys_jobs as job
      where job.queue = $1 and job.status = 'pending' and job.fairness_key > tenant.fairness_key
      order by job.fairness_key limit 1)
    from tenant where tenant.fairness_key is not null
  )
  select fairness_key from tenant where fairness_key is not null limit $3`;

/**
 * Completes what the worker has finished and claims what it runs next, in one round trip.
 *
 * MATERIALIZED: inlined, the planner might evaluate the limited select more than once and claim more. The pairs of id and token, and
 * not the ids alone, are the fence. `next.after`: on a long backlog the worker says where its last claim has ended, so that the
 * entries of rows which an old snapshot keeps from being vacuumed are not read again by each claim.
 */
export const claim = process.env.OLDCLAIM
  ? `
  with held as (
    update sys_jobs set status = 'completed', completed_at = ${time('$4')}
    where id = any($9::text[]) and status = 'running' and id || ':' || claim_token = any($10::text[])
    returning id
  ), next as materialized (
    select job.id from unnest($5::text[], $6::int[], $7::int[], $8::text[]) as share(fairness_key, count, after_priority, after_id)
    cross join lateral (
      select id from sys_jobs
      where queue = $1 and status = 'pending' and fairness_key = share.fairness_key
        and (priority, id) > (share.after_priority, share.after_id) and job_type = any($2::text[])
      order by priority, id limit share.count for update skip locked
    ) as job
  ), claimed as (
    update sys_jobs set status = 'running', claim_token = claim_token + 1, attempt = attempt + 1, worker_id = $3,
      started_at = ${time('$4')}, available_at = null
    where id = any(array(select id from next)) and status = 'pending'
    returning ${CLAIMED_COLUMNS}
  )
  select claimed.*, ended.held from (select count(*)::int as held from held) as ended
  left join claimed on true order by claimed.priority, claimed.id`
  : `
  with held as (
    update sys_jobs set status = 'completed', completed_at = ${time('$4')}
    where id = any(array(
      select id from sys_jobs
      where id = any($9::text[]) and status = 'running' and id || ':' || claim_token = any($10::text[])
      order by id for update))
    returning id
  ), next as materialized (
    select job.id from unnest($5::text[], $6::int[], $7::int[], $8::text[]) as share(fairness_key, count, after_priority, after_id)
    cross join lateral (
      select id from sys_jobs
      where queue = $1 and status = 'pending' and fairness_key = share.fairness_key
        and (priority, id) > (share.after_priority, share.after_id) and job_type = any($2::text[])
      order by priority, id limit share.count for update skip locked
    ) as job
  ), claimed as (
    update sys_jobs set status = 'running', claim_token = claim_token + 1, attempt = attempt + 1, worker_id = $3,
      started_at = ${time('$4')}, available_at = null
    where id = any(array(select id from next)) and status = 'pending'
    returning ${CLAIMED_COLUMNS}
  )
  select claimed.*, ended.held from (select count(*)::int as held from held) as ended
  left join claimed on true order by claimed.priority, claimed.id`;

export const createLimit = `insert into sys_job_limits (queue) values ($1) on conflict do nothing`;

export const lockLimit = `select 1 from sys_job_limits where queue = $1 and fairness_key = '' for update`;

export const countRunning = `
  select fairness_key as "fairnessKey", concurrency_key as "concurrencyKey", count(*)::int as running
  from sys_jobs where status = 'running' and queue = $1 group by fairness_key, concurrency_key`;

// The transaction may have waited for the lock since it began: now() would be before what the one before it has written.
export const findBuckets = `
  select fairness_key as "fairnessKey", tokens,
    extract(epoch from coalesce($3::timestamptz, clock_timestamp()) - filled_at)::float8 * 1000 as "filledAgoMs"
  from sys_job_limits where queue = $1 and fairness_key = any($2::text[])`;

export const saveBuckets = `
  insert into sys_job_limits (queue, fairness_key, tokens, filled_at)
  select $1, fairness_key, tokens, coalesce($4::timestamptz, clock_timestamp())
  from unnest($2::text[], $3::float8[]) as bucket(fairness_key, tokens)
  on conflict (queue, fairness_key) do update set tokens = excluded.tokens, filled_at = excluded.filled_at`;

export const findCandidates = `
  select job.id, share.fairness_key as "fairnessKey", job.concurrency_key as "concurrencyKey"
  from unnest($3::text[], $4::int[]) with ordinality as share(fairness_key, count, turn)
  cross join lateral (
    select id, priority, concurrency_key from sys_jobs
    where queue = $1 and status = 'pending' and fairness_key = share.fairness_key and job_type = any($2::text[])
    order by priority, id limit share.count for update skip locked
  ) as job
  order by turn, job.priority, job.id`;

export const claimThese = `
  update sys_jobs set status = 'running', claim_token = claim_token + 1, attempt = attempt + 1, worker_id = $2,
    started_at = ${time('$3')}, available_at = null
  where id = any($1::text[]) and status = 'pending' returning ${CLAIMED_COLUMNS}`;

export const block = `update sys_jobs set status = 'blocked' where id = any($1::text[]) and status = 'pending'`;

export const unblock = `
  update sys_jobs set status = 'pending' where id = any(array(
    select job.id from (
      select fairness_key, concurrency_key, count(*) from unnest($2::text[], $3::text[]) as place(fairness_key, concurrency_key)
      group by fairness_key, concurrency_key
    ) as freed
    cross join lateral (
      select id from sys_jobs
      where status = 'blocked' and queue = $1 and fairness_key = freed.fairness_key and concurrency_key = freed.concurrency_key
      order by priority, id limit freed.count for update skip locked
    ) as job)) and status = 'blocked'
  returning id`;

export const unblockIdle = `
  update sys_jobs set status = 'pending' where id = any(array(
    select id from sys_jobs as job where status = 'blocked' and not exists (
      select 1 from sys_jobs as other where other.status = 'running' and other.queue = job.queue
        and other.concurrency_key = job.concurrency_key and other.fairness_key = job.fairness_key)
    order by id limit 1000 for update skip locked)) and status = 'blocked'
  returning queue`;

/** The rows are locked in the order of their ids, so that two statements on the same rows never wait for each other in a circle. */
export const settle = `
  with outcome as materialized (
    select job.id, given.status, given.delay_ms, given.refund, given.output, given.error
    from jsonb_to_recordset($1::jsonb) as given(id text, claim_token int, status text, delay_ms float8, refund int, output jsonb,
      error text)
    join sys_jobs as job on job.id = given.id and job.status = 'running' and job.claim_token = given.claim_token
    order by job.id for update of job
  )
  update sys_jobs as job set
    status = outcome.status,
    attempt = job.attempt - outcome.refund,
    output = coalesce(outcome.output, job.output),
    error_log = case when outcome.error is null then job.error_log else ${logged('outcome.error', 'job.error_log')} end,
    available_at = case outcome.status
      when 'scheduled' then ${time('$2')} + ${ms('outcome.delay_ms')}
      when 'pending' then ${time('$2')} end,
    completed_at = case when outcome.status in ('completed', 'failed') then ${time('$2')} end
  from outcome where job.id = outcome.id
  returning job.id`;

/** clock_timestamp(), since the transaction is the handler's: now() is before its work. */
export const complete = `
  update sys_jobs set status = 'completed', completed_at = coalesce(?::timestamptz, clock_timestamp()), output = ?::jsonb
  where id = ? and status = 'running' and claim_token = ? returning id`;

export const recordProgress = `
  update sys_jobs set progress = $3::jsonb where id = $1 and status = 'running' and claim_token = $2 returning id`;

export const findLost = `
  select mine.id, job.status from unnest($1::text[], $2::int[]) as mine(id, claim_token)
  left join sys_jobs as job on job.id = mine.id
  where job.id is null or job.status <> 'running' or job.claim_token <> mine.claim_token`;

export const findClaims = `
  select id, claim_token as "claimToken" from sys_jobs where status = 'running' and worker_id = $1 and queue = $2`;

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
      or exists (select 1 from sys_jobs where status = 'running'
        and not exists (select 1 from sys_job_workers as worker where worker.id = worker_id)) as "needsRescue",
    array(select queue from unnest($5::text[]) as mine(queue) where exists (
      select 1 from sys_jobs where status = 'pending' and sys_jobs.queue = mine.queue)) as "readyQueues",
${nextTimes(time('$4'), '$3')}`;

export const buryDead = `delete from sys_job_workers where beat_at < ${time('$2')} - ${ms('$1')} returning id`;

export const rescue = `
  with orphan as materialized (
    select id from sys_jobs as job
    where status = 'running' and not exists (select 1 from sys_job_workers as worker where worker.id = job.worker_id)
    order by id for update skip locked
  )
  update sys_jobs as job set
    crash_count = crash_count + 1,
    status = case when crash_count + 1 >= $1 or attempt >= max_attempts then 'failed' else 'pending' end,
    available_at = case when crash_count + 1 >= $1 or attempt >= max_attempts then null else ${time('$2')} end,
    completed_at = case when crash_count + 1 >= $1 or attempt >= max_attempts then ${time('$2')} end,
    error_log = ${logged(`'Attempt ' || attempt || ': its worker' || coalesce(' ' || worker_id, '') || ' died.'`)}
  from orphan where job.id = orphan.id
  returning job.queue, job.status`;

export const promote = `
  update sys_jobs set status = 'pending' where id = any(array(
    select id from sys_jobs where status = 'scheduled' and available_at <= ${time('$2')}
    order by available_at limit $1 for update skip locked)) and status = 'scheduled'
  returning queue`;

export const nextDue = `
  select extract(epoch from min(available_at) - ${time('$1')})::float8 * 1000 as "nextDueMs"
  from sys_jobs where status = 'scheduled'`;

export const park = `
  with known as materialized (
    select distinct queue.name as queue, type.name as job_type from sys_job_workers as worker,
      jsonb_array_elements_text(worker.queues) as queue(name), jsonb_array_elements_text(worker.job_types) as type(name)
  )
  update sys_jobs set status = 'parked',
    error_log = ${logged(`'No live worker of the queue ' || queue || ' has a handler for ' || job_type || '.'`)}
  where id = any(array(
    select id from sys_jobs as job where status = 'pending' and ${READY_SINCE} < ${time('$2')} - ${ms('$1')}
      and not exists (select 1 from known where known.queue = job.queue and known.job_type = job.job_type)
    limit 1000 for update skip locked)) and status = 'pending'
  returning id`;

export const unpark = `
  update sys_jobs set status = 'pending' where id = any(array(
    select id from sys_jobs where status = 'parked' and job_type = any($1::text[]) order by id for update skip locked))
    and status = 'parked'
  returning queue`;

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

/** Ids begin with the time they were made, so that the oldest rows are found by the primary key. */
export const purge = `
  with batch as materialized (
    select id, status, completed_at from sys_jobs
    where id > $4 and id < lpad(to_hex(greatest(0, extract(epoch from ${time('$5')} - ${ms('$2')}) * 1000)::bigint), 12, '0')
    order by id limit $3
  ), gone as (
    delete from sys_jobs where id in (
      select id from batch where status = any($1::text[]) and completed_at < ${time('$5')} - ${ms('$2')})
    returning 1
  )
  select (select count(*)::int from gone) as deleted, (select max(id) from batch) as last`;
