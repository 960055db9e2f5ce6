import { PARK_LOOKAHEAD, READY_SINCE, ROWS_AT_ONCE } from '../job-columns.js';
import { found, logged, ms, time } from './fragments.sql.js';

export const promote = `
  update sys_jobs set status = 'pending' where id = any(array(
    select id from sys_jobs where status = 'scheduled' and available_at <= ${time('$2')}
    order by available_at limit $1 for update skip locked))
  returning queue`;

export const nextDue = `
  select extract(epoch from min(available_at) - ${time('$1')})::float8 * 1000 as "nextDueMs"
  from sys_jobs where status = 'scheduled'`;

/** Looks at the head of each tenant's line only, where such a job stands in the way; they are not locked before they are found. */
export const park = `
  with recursive line(queue, fairness_key) as (
    (select queue, fairness_key from sys_jobs where status = 'pending' order by queue, fairness_key limit 1)
    union all
    select next.queue, next.fairness_key from line cross join lateral (
      select queue, fairness_key from sys_jobs
      where status = 'pending' and (queue, fairness_key) > (line.queue, line.fairness_key)
      order by queue, fairness_key limit 1
    ) as next
  )
  update sys_jobs set status = 'parked',
    error_log = ${logged(`'No live worker of the queue ' || queue || ' has a handler for ' || job_type || '.'`)}
  where id = any(array(
    select id from sys_jobs where ${found('pending')} and id = any(array(
      select job.id from line cross join lateral (
        select id, job_type, ${READY_SINCE} as ready_since from sys_jobs
        where status = 'pending' and queue = line.queue and fairness_key = line.fairness_key
        order by priority, id limit ${PARK_LOOKAHEAD}
      ) as job
      where ready_since < ${time('$2')} - ${ms('$1')} and (line.queue, job.job_type) not in (
        select queue.name, type.name from sys_job_workers as worker,
          jsonb_array_elements_text(worker.queues) as queue(name), jsonb_array_elements_text(worker.job_types) as type(name))
      limit ${ROWS_AT_ONCE}))
    order by id for update skip locked))
  returning id`;

export const unpark = `
  update sys_jobs set status = 'pending' where id = any(array(
    select id from sys_jobs where status = 'parked' and job_type = any($1::text[]) order by id for update skip locked))
  returning queue`;

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
