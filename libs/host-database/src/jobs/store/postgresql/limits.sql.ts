import { CLAIMED_COLUMNS, ROWS_AT_ONCE, UNBLOCKED_OF_KEY } from '../job-columns.js';

/** The transaction may have waited for the lock since it began: now() would be before what the one before it has written. */
const timeNow = (parameter: string) => `coalesce(${parameter}::timestamptz, clock_timestamp())`;

export const createLimit = `insert into sys_job_limits (queue) values ($1) on conflict do nothing`;

export const lockLimit = `select 1 from sys_job_limits where queue = $1 and fairness_key = '' for update`;

export const countRunning = `
  select fairness_key as "fairnessKey", concurrency_key as "concurrencyKey", count(*)::int as running
  from sys_jobs where status = 'running' and queue = $1 group by fairness_key, concurrency_key`;

export const findBuckets = `
  select fairness_key as "fairnessKey", tokens,
    extract(epoch from ${timeNow('$3')} - filled_at)::float8 * 1000 as "filledAgoMs"
  from sys_job_limits where queue = $1 and fairness_key = any($2::text[])`;

export const saveBuckets = `
  insert into sys_job_limits (queue, fairness_key, tokens, filled_at)
  select $1, fairness_key, tokens, ${timeNow('$4')}
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

/** These and the next are given jobs that the transaction has locked, and so need not look at what they are. */
export const claimThese = `
  update sys_jobs set status = 'running', claim_token = claim_token + 1, attempt = attempt + 1, worker_id = $2,
    started_at = ${timeNow('$3')}, available_at = null
  where id = any($1::text[]) returning ${CLAIMED_COLUMNS}`;

export const block = `update sys_jobs set status = 'blocked' where id = any($1::text[])`;

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
    ) as job))
  returning id`;

/** Not more of a key than may soon be run: those that are beyond its cap are blocked again. */
export const unblockIdle = `
  update sys_jobs set status = 'pending' where id = any(array(
    select job.id
    from (select distinct queue, fairness_key, concurrency_key from sys_jobs where status = 'blocked') as key
    cross join lateral (
      select id from sys_jobs
      where status = 'blocked' and queue = key.queue and fairness_key = key.fairness_key and concurrency_key = key.concurrency_key
      order by priority, id limit ${UNBLOCKED_OF_KEY} for update skip locked
    ) as job
    where (key.queue, key.fairness_key, key.concurrency_key) not in (
      select queue, fairness_key, concurrency_key from sys_jobs where status = 'running' and concurrency_key is not null)
    limit ${ROWS_AT_ONCE}))
  returning queue`;
