import { LIVE_JOB_STATUSES } from '../system-job.entity.js';

// What the statements of both dialects say in the same words.

/** The statuses of a job that still has work before it. */
export const LIVE = `(${LIVE_JOB_STATUSES.map((status) => `'${status}'`).join(', ')})`;

/** The statuses that have an index of their own, so that counting them does not read the history. */
export const COUNTED = ['pending', 'scheduled', 'running', 'blocked', 'parked', 'failed'] as const;

/** The time from which a pending job could have been run. */
export const READY_SINCE = 'coalesce(available_at, created_at)';

/** What a claim returns. */
export const CLAIMED_COLUMNS = `id, job_type, fairness_key, tenant_id, actor_user_id, priority, payload, attempt, max_attempts,
  crash_count, claim_token, concurrency_key, trace_context`;

export const ERROR_LOG_MAX_LENGTH = 64_000;

/** What no priority is below. */
export const LOWEST_PRIORITY = -2_147_483_648;

/** How many tenants one limited claim takes turns between. */
export const TENANTS_PER_CLAIM = 1_000;

/** How many rows a statement changes that is run now and then. */
export const ROWS_AT_ONCE = 1_000;

/** How many jobs of a key are unblocked where nobody is running one: those that are beyond its cap are blocked again. */
export const UNBLOCKED_OF_KEY = 100;

/** How many jobs at the head of a tenant's line are looked at for some that nobody has a handler for. */
export const PARK_LOOKAHEAD = 100;
