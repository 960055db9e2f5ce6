import type { ClaimedJob, FreedPlace, JobClaim, JobOutcome } from '../store/index.js';
import { JOBS_AT_ONCE } from './appetite.js';

/** Jobs that have ended and are not recorded yet, by the way in which they are. */
export interface EndedJobs {
  /** Completed, with nothing to store. */
  readonly completed: readonly JobClaim[];
  readonly outcomes: readonly JobOutcome[];
  /** Places of concurrency keys that others may take. */
  readonly freed: readonly FreedPlace[];
}

/** Keeps what has ended until the database has it. */
export class EndedJobsLedger {
  private readonly completed: JobClaim[] = [];
  private readonly outcomes: JobOutcome[] = [];
  private readonly freed: FreedPlace[] = [];
  private readonly unrecordedSuspects = new Map<string, ClaimedJob>();

  get size(): number {
    return this.completed.length + this.outcomes.length + this.freed.length;
  }

  get completedCount(): number {
    return this.completed.length;
  }

  /** The ids of those that wait here. */
  get ids(): string[] {
    return [...this.completed, ...this.outcomes].map(({ id }) => id);
  }

  /** Suspects that have ended here, and would be charged with one more crash if the process died now. */
  get suspects(): ClaimedJob[] {
    return [...this.unrecordedSuspects.values()];
  }

  addSuspect(job: ClaimedJob): void {
    this.unrecordedSuspects.set(job.id, job);
  }

  addCompleted(claim: JobClaim): void {
    this.completed.push(claim);
  }

  addOutcomes(outcomes: readonly JobOutcome[]): void {
    this.outcomes.push(...outcomes);
  }

  addFreed(place: FreedPlace): void {
    this.freed.push(place);
  }

  /** Takes what one turn records. */
  take(): EndedJobs {
    return {
      completed: this.completed.splice(0, JOBS_AT_ONCE),
      outcomes: this.outcomes.splice(0, JOBS_AT_ONCE),
      freed: this.freed.splice(0),
    };
  }

  /** The database has them. */
  forget(recorded: readonly JobClaim[]): void {
    if (this.unrecordedSuspects.size === 0) return;
    for (const { id } of recorded) this.unrecordedSuspects.delete(id);
  }

  /** Keeps what could not be recorded. The fence makes it safe to record it again, should it have been recorded already. */
  putBack({ completed, outcomes, freed }: EndedJobs): void {
    this.completed.unshift(...completed);
    this.outcomes.unshift(...outcomes);
    this.freed.unshift(...freed);
  }
}
