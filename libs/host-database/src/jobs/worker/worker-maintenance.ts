import type { Logger } from '@nestjs/common';
import type { JobsOptions } from '../jobs.options.js';
import type { JobStore, PurgeRequest } from '../store/index.js';

const DAY_MS = 86_400_000;
const PURGE_BATCH = 1_000;
const PURGE_EVERY_MS = 3_600_000;
const FIRST_PURGE_MS = 300_000;
const PARK_EVERY_MS = 60_000;
const UNBLOCK_EVERY_MS = 15_000;
/** Where no queue counts keys: jobs may be left that are blocked since one did. */
const UNBLOCK_REST_EVERY_MS = 60_000;

/** What every worker does now and then, so that somebody does: parking, retention, and undoing what a crash has left. */
export class WorkerMaintenance {
  private readonly due: { park: number; purge: number; unblock: number };

  constructor(
    private readonly store: JobStore,
    private readonly options: JobsOptions,
    private readonly logger: Logger,
    private readonly jobTypes: readonly string[],
  ) {
    const now = performance.now();
    this.due = {
      park: now + jittered(this.parkEveryMs),
      // Soon, for processes that do not live for an hour.
      purge: now + jittered(FIRST_PURGE_MS),
      unblock: now + jittered(this.unblockEveryMs),
    };
  }

  /** Does what is due. Returns the queues that have jobs again. */
  async run(signal: AbortSignal): Promise<string[]> {
    const now = performance.now();
    const queues = new Set<string>();
    if (now >= this.due.park) {
      this.due.park = now + jittered(this.parkEveryMs);
      for (const queue of await this.park()) queues.add(queue);
    }
    if (now >= this.due.purge) {
      this.due.purge = now + jittered(PURGE_EVERY_MS);
      await this.purge(signal);
    }
    if (now >= this.due.unblock) {
      this.due.unblock = now + jittered(this.unblockEveryMs);
      for (const queue of await this.store.unblockIdle()) queues.add(queue);
    }
    return [...queues];
  }

  /** Deletes finished jobs whose time is over, batch by batch; returns how many. */
  async purge(signal?: AbortSignal): Promise<number> {
    const { retention } = this.options;
    if (!retention) return 0;
    let deleted = 0;
    for (const [status, days] of [
      ['completed', retention.completedDays],
      ['cancelled', retention.cancelledDays],
      ['failed', retention.failedDays],
    ] as const) {
      deleted += await this.purgeStatus({ statuses: [status], olderThanMs: days * DAY_MS, batchSize: PURGE_BATCH }, signal);
    }
    return deleted;
  }

  private async purgeStatus(request: Omit<PurgeRequest, 'after'>, signal?: AbortSignal): Promise<number> {
    let deleted = 0;
    let after: string | undefined;
    do {
      const result = await this.store.purge({ ...request, after });
      deleted += result.deleted;
      after = result.last;
      if (signal?.aborted === true) break;
    } while (after !== undefined);
    return deleted;
  }

  private async park(): Promise<string[]> {
    const parked = await this.store.park(this.options.parkAfterMs);
    if (parked > 0)
      this.logger.warn(`${parked} jobs were parked: no live worker has a handler for them. Their error_log says which.`);
    // Somebody else may have looked for workers before this one was registered, and have parked its jobs after it had unparked them.
    return this.store.unpark(this.jobTypes);
  }

  private get parkEveryMs(): number {
    return Math.min(PARK_EVERY_MS, this.options.parkAfterMs);
  }

  private get unblockEveryMs(): number {
    const hasKeys = Object.values(this.options.queues).some(({ maxRunningPerKey }) => maxRunningPerKey !== undefined);
    return hasKeys ? UNBLOCK_EVERY_MS : UNBLOCK_REST_EVERY_MS;
  }
}

/** Between half the time and one and a half, so that processes do not do it together. */
function jittered(ms: number): number {
  return ms * (0.5 + Math.random());
}
