import type { JobOutcome } from '../../src/jobs/store/index.js';
import { type JobStatus, LIVE_JOB_STATUSES } from '../../src/jobs/system-job.entity.js';

/** What a job of the model is; the tests compare it with the row, column by column. */
export interface ModelJob {
  readonly id: string;
  readonly fairnessKey: string;
  readonly priority: number;
  readonly uniqueKey: string | null;
  readonly maxAttempts: number | null;
  status: JobStatus;
  attempt: number;
  crashCount: number;
  claimToken: number;
  workerId: string | null;
  /** Unix milliseconds, as `completedAt`. */
  availableAt: number | null;
  completedAt: number | null;
}

export type NewModelJob = Pick<ModelJob, 'id' | 'fairnessKey' | 'priority' | 'uniqueKey' | 'maxAttempts'> & {
  readonly delayMs: number;
};

export const DEAD_AFTER_MS = 15_000;
export const MAX_CRASHES = 3;

/** What a queue does, said without a database: one process, one thread, plain values. */
export class QueueModel {
  readonly jobs = new Map<string, ModelJob>();
  /** When each worker has last said that it is alive. */
  readonly workers = new Map<string, number>();

  constructor(private now: number) {}

  advance(ms: number): void {
    this.now += ms;
  }

  /** Returns the id of the job that has the key: this one, or a live one. */
  enqueue({ delayMs, ...job }: NewModelJob): string {
    const live = job.uniqueKey === null ? undefined : this.all(isLive).find((each) => hasSameKey(each, job));
    if (live) return live.id;
    this.jobs.set(job.id, {
      ...job,
      status: delayMs > 0 ? 'scheduled' : 'pending',
      attempt: 0,
      crashCount: 0,
      claimToken: 0,
      workerId: null,
      availableAt: delayMs > 0 ? this.now + delayMs : null,
      completedAt: null,
    });
    return job.id;
  }

  /** Claims up to `count` jobs of each tenant. */
  claim(workerId: string, fairnessKeys: readonly string[], count: number): ModelJob[] {
    const claimed = fairnessKeys.flatMap((fairnessKey) =>
      this.all((job) => job.status === 'pending' && job.fairnessKey === fairnessKey)
        .toSorted((a, b) => a.priority - b.priority || compare(a.id, b.id))
        .slice(0, count),
    );
    for (const job of claimed) {
      Object.assign(job, { status: 'running', workerId, availableAt: null });
      job.attempt++;
      job.claimToken++;
    }
    return claimed;
  }

  /** Whether the claim held. */
  settle({ id, claimToken, status, delayMs = 0, isRefunded }: JobOutcome): boolean {
    const job = this.jobs.get(id);
    if (job?.status !== 'running' || job.claimToken !== claimToken) return false;
    job.status = status;
    if (isRefunded) job.attempt--;
    const isOver = status === 'completed' || status === 'failed';
    job.completedAt = isOver ? this.now : null;
    job.availableAt = isOver ? null : this.now + delayMs;
    return true;
  }

  /** How many jobs were taken away from workers that are silent or unknown. */
  rescue(): number {
    for (const [id, beatAt] of this.workers) if (beatAt < this.now - DEAD_AFTER_MS) this.workers.delete(id);
    const orphans = this.all(({ status, workerId }) => status === 'running' && !this.workers.has(workerId ?? ''));
    for (const job of orphans) {
      job.crashCount++;
      const isOver = job.crashCount >= MAX_CRASHES || (job.maxAttempts !== null && job.attempt >= job.maxAttempts);
      job.status = isOver ? 'failed' : 'pending';
      job.availableAt = isOver ? null : this.now;
      job.completedAt = isOver ? this.now : null;
    }
    return orphans.length;
  }

  promote(): void {
    for (const job of this.all(({ status }) => status === 'scheduled')) {
      if (job.availableAt !== null && job.availableAt <= this.now) job.status = 'pending';
    }
  }

  /** Whether the job was live. */
  cancel(id: string): boolean {
    const job = this.jobs.get(id);
    if (!job || !isLive(job)) return false;
    Object.assign(job, { status: 'cancelled', completedAt: this.now, availableAt: null });
    return true;
  }

  /** How many dead letters were made pending. */
  redrive(): number {
    const isFree = (job: ModelJob) => job.uniqueKey === null || !this.all(isLive).some((each) => hasSameKey(each, job));
    const dead = this.all(({ status }) => status === 'failed').toSorted((a, b) => compare(a.id, b.id));
    const before = dead.length;
    for (const job of dead) {
      if (!isFree(job)) continue;
      Object.assign(job, { status: 'pending', attempt: 0, crashCount: 0, availableAt: this.now, completedAt: null });
    }
    return before - dead.filter(({ status }) => status === 'failed').length;
  }

  private all(isWanted: (job: ModelJob) => boolean): ModelJob[] {
    return [...this.jobs.values()].filter((job) => isWanted(job));
  }
}

export function isLive({ status }: Pick<ModelJob, 'status'>): boolean {
  return (LIVE_JOB_STATUSES as readonly JobStatus[]).includes(status);
}

function hasSameKey(a: Pick<ModelJob, 'fairnessKey' | 'uniqueKey'>, b: Pick<ModelJob, 'fairnessKey' | 'uniqueKey'>): boolean {
  return a.uniqueKey === b.uniqueKey && a.fairnessKey === b.fairnessKey;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : 1;
}
