import { CLAIMED_COLUMNS } from '../job-columns.js';
import { listed } from './fragments.sql.js';

export const firstReadyTenant = `
  select fairness_key from sys_jobs where queue = ? and status = 'pending' order by fairness_key limit 1`;

export const nextReadyTenant = `
  select fairness_key from sys_jobs where queue = ? and status = 'pending' and fairness_key > ? order by fairness_key limit 1`;

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
