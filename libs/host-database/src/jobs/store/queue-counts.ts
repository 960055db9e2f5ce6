import type { QueueStatistics } from './job-statistics.interface.js';

/** How many jobs of a queue have a status. */
export interface StatusCount {
  readonly queue: string;
  readonly status: Exclude<keyof QueueStatistics, 'queue' | 'oldestPendingAgeMs'>;
  readonly count: number;
  readonly oldestAgeMs: number | null;
}

/** Gathers the counts of each queue, in the order of their names. */
export function byQueue(counts: readonly StatusCount[]): QueueStatistics[] {
  const queues = new Map<string, QueueStatistics>();
  for (const { queue, status, count, oldestAgeMs } of counts) {
    const known = queues.get(queue) ?? {
      queue,
      pending: 0,
      scheduled: 0,
      running: 0,
      blocked: 0,
      parked: 0,
      failed: 0,
      oldestPendingAgeMs: undefined,
    };
    queues.set(queue, {
      ...known,
      [status]: count,
      ...(status === 'pending' && { oldestPendingAgeMs: oldestAgeMs ?? undefined }),
    });
  }
  return [...queues.values()].toSorted((a, b) => (a.queue < b.queue ? -1 : 1));
}
