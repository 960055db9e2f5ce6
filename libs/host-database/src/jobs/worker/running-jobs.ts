import { JobCancelledError, JobLeaseLostError, JobTimeoutError, WorkerShutdownError } from '../jobs.errors.js';
import type { ClaimedJob, JobClaim, LostClaim } from '../store/index.js';
import type { JobAttempt } from './job-attempt.js';

/** The attempts that run in this process for one queue. */
export class RunningJobs {
  private readonly attempts = new Map<string, JobAttempt>();

  get size(): number {
    return this.attempts.size;
  }

  get jobs(): ClaimedJob[] {
    return [...this.attempts.values()].map(({ job }) => job);
  }

  get all(): JobAttempt[] {
    return [...this.attempts.values()];
  }

  add(attempt: JobAttempt): void {
    this.attempts.set(attempt.id, attempt);
  }

  /** False for one that is not there: it was abandoned, and its job may be running again by now. */
  remove(attempt: JobAttempt): boolean {
    return this.attempts.get(attempt.id) === attempt && this.attempts.delete(attempt.id);
  }

  olderThan(ms: number): JobClaim[] {
    const before = performance.now() - ms;
    return this.all.flatMap(({ startedAt, job }) => (startedAt < before ? job : []));
  }

  /** Asks the handlers to end whose claims are lost. */
  lose(lost: readonly (LostClaim & JobClaim)[]): void {
    for (const { id, claimToken, status } of lost) {
      const attempt = this.attempts.get(id);
      if (attempt?.job.claimToken !== claimToken) continue;
      attempt.abort(status === 'cancelled' ? new JobCancelledError(id) : new JobLeaseLostError(id));
    }
  }

  loseAll(): void {
    for (const attempt of this.all) attempt.abort(new JobLeaseLostError(attempt.id));
  }

  /** Asks all handlers to end, for the shutdown. */
  abort(): void {
    for (const attempt of this.all) attempt.abort(new WorkerShutdownError(attempt.id));
  }

  /** Asks those to end that have taken too long. Returns those that were asked and do not. */
  watch(graceMs: number): JobAttempt[] {
    const now = performance.now();
    const stuck = this.all.filter((attempt) => attempt.isStuck(now, graceMs));
    for (const attempt of this.all) {
      if (attempt.isOverdue(now)) attempt.abort(new JobTimeoutError(attempt.id, attempt.timeoutMs));
    }
    return stuck;
  }
}
