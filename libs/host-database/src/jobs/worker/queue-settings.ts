import type { JobHandlersRegistry } from '../job-handlers.registry.js';
import type { JobsOptions } from '../jobs.options.js';
import type { QueueLimits } from '../store/index.js';

export const DEFAULT_QUEUE = 'default';

/** The queues that this process serves. */
export function queuesOf({ queues }: JobsOptions, registry: JobHandlersRegistry): string[] {
  return [...new Set([DEFAULT_QUEUE, ...Object.keys(queues), ...registry.queues])];
}

/** What holds for one of them here; without limits where it has none. */
export function settingsOf(options: JobsOptions, queue: string) {
  const { concurrency = options.concurrency, prefetch = options.prefetch, ...limits } = options.queues[queue] ?? {};
  const isLimited = Object.values(limits).some((limit) => limit !== undefined);
  return {
    queue,
    concurrency,
    prefetch,
    limits: isLimited ? (limits satisfies QueueLimits) : undefined,
    defaults: { maxAttempts: options.maxAttempts, timeoutMs: options.timeoutMs },
    abortGraceMs: options.abortGraceMs,
  };
}
