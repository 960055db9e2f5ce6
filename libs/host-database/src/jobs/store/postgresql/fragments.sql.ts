import { ERROR_LOG_MAX_LENGTH } from '../job-columns.js';

// Statements for an EntityManager have `?`, those for the direct connection `$1`.

/**
 * The time: a parameter that is null for the database's own. now() and not clock_timestamp(), which no index condition may contain;
 * outside a transaction they are the same.
 */
export const time = (parameter: string) => `coalesce(${parameter}::timestamptz, now())`;

export const ms = (parameter: string) => `${parameter}::float8 * interval '1 millisecond'`;

/** The newest error first, so that cutting the text keeps what matters. */
export const logged = (error: string, log = 'error_log') =>
  `left(concat_ws(E'\\n\\n', ${error}, ${log}), ${ERROR_LOG_MAX_LENGTH})`;

/**
 * For rows that are found by their ids. coalesce() keeps the planner from the index of the jobs with that status, which it would read
 * from its beginning to its end, thinking that it is as small as when the statistics were taken.
 */
export const found = (status: string, table = '') => `coalesce(${table}status, '') = '${status}'`;

/** A running job that belongs to no worker. */
export const IS_ORPHAN = `status = 'running' and coalesce(worker_id, '') <> all(array(select id from sys_job_workers))`;
