import type { JobSignal } from './job-signals.interface.js';

/** PostgreSQL takes less than 8,000 bytes, and an id has 32. */
const MAX_CANCELLED = 100;

/** Gathers signals into one. */
export class SignalCollector {
  private readonly queues = new Set<string>();
  private readonly cancelled = new Set<string>();
  private hasScheduled = false;
  private isUnknown = false;

  add({ queues = [], cancelled = [], hasScheduled = false }: Partial<JobSignal>): void {
    for (const queue of queues) this.queues.add(queue);
    if (cancelled === 'unknown') this.isUnknown = true;
    else for (const id of cancelled) this.cancelled.add(id);
    this.hasScheduled ||= hasScheduled;
  }

  get isEmpty(): boolean {
    return this.queues.size === 0 && this.cancelled.size === 0 && !this.hasScheduled && !this.isUnknown;
  }

  /** What was gathered since the last time. */
  take(): JobSignal {
    const isTooLong = this.isUnknown || this.cancelled.size > MAX_CANCELLED;
    const signal: JobSignal = {
      queues: [...this.queues],
      cancelled: isTooLong ? 'unknown' : [...this.cancelled],
      hasScheduled: this.hasScheduled,
    };
    this.isUnknown = false;
    this.queues.clear();
    this.cancelled.clear();
    this.hasScheduled = false;
    return signal;
  }
}
