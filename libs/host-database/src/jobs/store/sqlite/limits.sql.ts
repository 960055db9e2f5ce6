import { CLAIMED_COLUMNS, ROWS_AT_ONCE, UNBLOCKED_OF_KEY } from '../job-columns.js';
import { listed } from './fragments.sql.js';

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
    select id from (
      select id, row_number() over (partition by queue, fairness_key, concurrency_key order by priority, id) as turn
      from sys_jobs
      where status = 'blocked' and (queue, fairness_key, concurrency_key) not in (
        select queue, fairness_key, concurrency_key from sys_jobs where status = 'running' and concurrency_key is not null))
    where turn <= ${UNBLOCKED_OF_KEY} limit ${ROWS_AT_ONCE})
  returning queue`;
