import type { ClaimedJob, JobOutcome, NewJob, Rescue } from './job-store.interface.js';
import type { TokenBucket } from './rate-limit.js';

/** A job as the insert statements of both dialects read it from JSON, by the names of the columns. */
export interface NewJobRow {
  readonly id: string;
  readonly job_type: string;
  readonly queue: string;
  readonly tenant_id: string | null;
  readonly fairness_key: string;
  readonly actor_user_id: string | null;
  readonly priority: number;
  readonly payload: unknown;
  readonly max_attempts: number | null;
  readonly unique_key: string | null;
  readonly concurrency_key: string | null;
  readonly trace_context: string | null;
  /** Unix milliseconds. */
  readonly created_at: number;
  readonly run_at: number | null;
  readonly delay_ms: number | null;
}

export function toNewJobRow(job: NewJob): NewJobRow {
  return {
    id: job.id,
    job_type: job.jobType,
    queue: job.queue,
    tenant_id: job.tenantId,
    fairness_key: job.tenantId ?? '',
    actor_user_id: job.actorUserId,
    priority: job.priority,
    payload: job.payload,
    max_attempts: job.maxAttempts,
    unique_key: job.uniqueKey,
    concurrency_key: job.concurrencyKey,
    trace_context: job.traceContext,
    created_at: job.createdAt.getTime(),
    run_at: job.runAt?.getTime() ?? null,
    delay_ms: job.delayMs === undefined ? null : Math.round(job.delayMs),
  };
}

/** An outcome as the settle statements of both dialects read it from JSON. */
export function toOutcomeRows(outcomes: readonly JobOutcome[]) {
  return outcomes.map(({ id, claimToken, status, delayMs = 0, isRefunded = false, output, error }) => ({
    id,
    claim_token: claimToken,
    status,
    delay_ms: Math.round(delayMs),
    refund: isRefunded ? 1 : 0,
    output: output ?? null,
    error: error ?? null,
  }));
}

/** A job as a claim of either dialect returns it. */
export interface ClaimedRow {
  readonly id: string;
  readonly job_type: string;
  readonly fairness_key: string;
  readonly tenant_id: string | null;
  readonly actor_user_id: string | null;
  readonly priority: number;
  /** PostgreSQL parses it, SQLite gives text. */
  readonly payload: unknown;
  readonly attempt: number;
  readonly max_attempts: number | null;
  readonly crash_count: number;
  readonly claim_token: number;
  readonly concurrency_key: string | null;
  readonly trace_context: string | null;
}

export function toClaimedJob(row: ClaimedRow, queue: string): ClaimedJob {
  return {
    id: row.id,
    claimToken: row.claim_token,
    jobType: row.job_type,
    queue,
    fairnessKey: row.fairness_key,
    tenantId: row.tenant_id,
    actorUserId: row.actor_user_id,
    priority: row.priority,
    payload: row.payload,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    crashCount: row.crash_count,
    concurrencyKey: row.concurrency_key,
    traceContext: row.trace_context,
  };
}

/** A bucket of a rate limit as it is stored. */
export interface BucketRow {
  readonly fairnessKey: string;
  readonly tokens: number;
  readonly filledAgoMs: number | null;
}

export function toBuckets(rows: readonly BucketRow[]): ReadonlyMap<string, TokenBucket> {
  return new Map(rows.map((row) => [row.fairnessKey, { tokens: row.tokens, filledAgoMs: row.filledAgoMs ?? undefined }]));
}

/** What a rescue did, from the workers that it found dead and the jobs that it took away. */
export function toRescue(dead: readonly { id: string }[], jobs: readonly { queue: string; status: string }[]): Rescue {
  return {
    workerIds: dead.map(({ id }) => id),
    queues: queuesOf(jobs.filter(({ status }) => status === 'pending')),
    rescued: jobs.length,
    failed: jobs.filter(({ status }) => status === 'failed').length,
  };
}

/** The queues of some jobs, each once. */
export function queuesOf(rows: readonly { readonly queue: string }[]): string[] {
  return [...new Set(rows.map(({ queue }) => queue))];
}
