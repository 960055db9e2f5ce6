import { CLAIMED_COLUMNS } from '../job-columns.js';
import { found, time } from './fragments.sql.js';

/** Far from the `deadlock_timeout` of a server, which is a second by default. */
const LOCK_TIMEOUT_MS = 100;

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
 * not the ids alone, are the fence. Of first claims, which most are, the id is enough: tokens only rise, so that a job whose token is 1
 * has not been claimed again.
 *
 * What is completed is not locked in the order of the ids first, as by everything else that locks several jobs: nobody but its worker
 * is likely to want it, and a lock costs as much as another index entry. So this must not wait for a lock: it fails after
 * {@link LOCK_TIMEOUT_MS}, before the server looks for a deadlock and perhaps ends the other one. The setting is for this statement.
 *
 * `after`: on a long backlog the worker says where its last claim has ended, so that the entries of rows which an old snapshot keeps
 * from being vacuumed are not read again by each claim.
 */
export const claim = `
  with held as (
    update sys_jobs set status = 'completed', completed_at = ${time('$4')}
    where id = any($9::text[]) and ${found('running')} and (claim_token = 1 or id || ':' || claim_token = any($10::text[]))
      and (select set_config('lock_timeout', '${LOCK_TIMEOUT_MS}ms', true)) is not null
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
    where id = any(array(select id from next))
    returning ${CLAIMED_COLUMNS}
  )
  select claimed.*, ended.held from (select count(*)::int as held from held) as ended
  left join claimed on true`;
