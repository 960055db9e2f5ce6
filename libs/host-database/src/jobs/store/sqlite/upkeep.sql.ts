import { PARK_LOOKAHEAD, READY_SINCE } from '../job-columns.js';
import { listed, logged } from './fragments.sql.js';

export const promote = `
  update sys_jobs set status = 'pending' where id in (
    select id from sys_jobs where status = 'scheduled' and available_at <= ? order by available_at limit ?)
  returning queue`;

/** A tenant's line in a queue: where it is in the index of ready jobs. */
export const firstLine = `
  select queue, fairness_key as fairnessKey from sys_jobs where status = 'pending' order by queue, fairness_key limit 1`;

export const nextLine = `
  select queue, fairness_key as fairnessKey from sys_jobs
  where status = 'pending' and (queue, fairness_key) > (?, ?) order by queue, fairness_key limit 1`;

export const headOfLine = `
  select id, job_type as jobType, ${READY_SINCE} as readySince from sys_jobs
  where status = 'pending' and queue = ? and fairness_key = ? order by priority, id limit ${PARK_LOOKAHEAD}`;

export const handled = `select queues, job_types as jobTypes from sys_job_workers`;

export const parkThese = `
  update sys_jobs set status = 'parked',
    error_log = ${logged(`'No live worker of the queue ' || queue || ' has a handler for ' || job_type || '.'`)}
  where id in ${listed}`;

export const unpark = `
  update sys_jobs set status = 'pending' where status = 'parked' and job_type in ${listed} returning queue`;

export const purgeBatch = `select id, status, completed_at as completedAt from sys_jobs where id > ? and id < ? order by id limit ?`;

export const deleteThese = `delete from sys_jobs where id in ${listed}`;
