import type { JobOutcome, NewJob } from './job-store.interface.js';

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
