import { logged } from './fragments.sql.js';

export const settle = `
  update sys_jobs set
    status = ?,
    attempt = attempt - ?,
    output = coalesce(?, output),
    error_log = case when ? is null then error_log else ${logged('?')} end,
    available_at = ?,
    completed_at = ?
  where id = ? and status = 'running' and claim_token = ?`;

export const recordProgress = `update sys_jobs set progress = ? where id = ? and status = 'running' and claim_token = ?`;

export const findClaim = `select status, claim_token as claimToken from sys_jobs where id = ?`;

export const findClaims = `
  select id, claim_token as claimToken from sys_jobs where status = 'running' and worker_id = ? and queue = ?`;
