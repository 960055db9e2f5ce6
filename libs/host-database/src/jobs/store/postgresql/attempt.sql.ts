import { found, logged, ms, time } from './fragments.sql.js';

/** The rows are locked in the order of their ids, so that two statements on the same rows never wait for each other in a circle. */
export const settle = `
  with outcome as materialized (
    select job.id, given.status, given.delay_ms, given.refund, given.output, given.error
    from jsonb_to_recordset($1::jsonb) as given(id text, claim_token int, status text, delay_ms float8, refund int, output jsonb,
      error text)
    join sys_jobs as job on job.id = given.id and ${found('running', 'job.')} and job.claim_token = given.claim_token
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

export const recordProgress = `
  update sys_jobs set progress = $3::jsonb where id = $1 and ${found('running')} and claim_token = $2 returning id`;

export const findLost = `
  select mine.id, job.status from unnest($1::text[], $2::int[]) as mine(id, claim_token)
  left join sys_jobs as job on job.id = mine.id
  where job.id is null or job.status <> 'running' or job.claim_token <> mine.claim_token`;

export const findClaims = `
  select id, claim_token as "claimToken" from sys_jobs where status = 'running' and worker_id = $1 and queue = $2`;
