import type { Logger } from '@nestjs/common';
import type { JobScheduler } from '../schedules/job-scheduler.js';
import type { JobStore, NextTimes, Promotion } from '../store/index.js';

const PROMOTE_BATCH = 1_000;
/** The times are told again at every heartbeat: what is later than this needs no timer. */
const HORIZON_MS = 60_000;
const AGAIN_AFTER_MS = 1_000;

/** Sleeps until the next scheduled job or slot is due, exactly, and makes it ready. */
export class DueWork {
  private timer: NodeJS.Timeout | undefined;
  private dueAt = Infinity;
  private isWorking: Promise<void> | undefined;
  private isDueAgain = false;
  private isClosed = false;

  constructor(
    private readonly store: JobStore,
    private readonly scheduler: JobScheduler,
    private readonly logger: Logger,
    private readonly onReady: (queues: readonly string[]) => void,
  ) {}

  /** Sets the timer. */
  expect({ nextDueMs = Infinity, nextSlotMs = Infinity }: NextTimes): void {
    const inMs = Math.max(0, Math.min(nextDueMs, nextSlotMs));
    const at = performance.now() + inMs;
    if (this.isClosed || inMs > HORIZON_MS || at >= this.dueAt) return;
    clearTimeout(this.timer);
    this.dueAt = at;
    // A timer may be early by a fraction of a millisecond.
    this.timer = setTimeout(() => this.begin(), Math.ceil(inMs) + 1);
  }

  /** Asks the database what is next: something has got a new time. */
  async ask(): Promise<void> {
    try {
      this.expect(await this.store.findNextTimes(this.scheduler.names));
    } catch (error) {
      this.logger.debug(`What is due next is asked again at the next heartbeat: ${String(error)}`);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.isWorking;
  }

  private begin(): void {
    this.dueAt = Infinity;
    if (this.isWorking) {
      // What has become due meanwhile may be behind what is being looked at.
      this.isDueAgain = true;
      return;
    }
    this.isWorking = this.work().finally(() => {
      this.isWorking = undefined;
      if (!this.isDueAgain) return;
      this.isDueAgain = false;
      this.expect({ nextDueMs: 0, nextSlotMs: undefined });
    });
  }

  private async work(): Promise<void> {
    // Either goes on where the other fails.
    const tick = await this.tried('The slots of schedules', () => this.scheduler.tick());
    const promotion = await this.tried('Scheduled jobs', () => this.store.promote(PROMOTE_BATCH));
    this.onReady([...new Set([...(tick?.queues ?? []), ...(promotion?.queues ?? [])])]);
    this.expect({
      nextDueMs: promotion ? nextDueIn(promotion) : AGAIN_AFTER_MS,
      nextSlotMs: tick ? tick.nextSlotMs : AGAIN_AFTER_MS,
    });
  }

  private async tried<T>(subject: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.logger.error(`${subject} are tried again: ${String(error)}`);
      return undefined;
    }
  }
}

/** A job that is due but was not promoted is in the hands of somebody else's transaction, which may take its time. */
function nextDueIn({ queues, nextDueMs }: Promotion): number | undefined {
  return nextDueMs !== undefined && nextDueMs <= 0 && queues.length === 0 ? AGAIN_AFTER_MS : nextDueMs;
}
