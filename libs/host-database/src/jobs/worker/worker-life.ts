import type { Logger } from '@nestjs/common';
import { Bell } from '../../common/index.js';
import type { JobsOptions } from '../jobs.options.js';
import type { JobStore } from '../store/index.js';
import type { DueWork } from './due-work.js';
import type { WorkerMaintenance } from './worker-maintenance.js';
import type { WorkerSession } from './worker-session.js';

/** How often the claims that the database knows of are compared with those that are known here. */
const RECONCILE_EVERY_MS = 30_000;

export interface WorkerLifeContext {
  readonly store: JobStore;
  readonly options: JobsOptions;
  readonly logger: Logger;
  readonly session: WorkerSession;
  readonly maintenance: WorkerMaintenance;
  readonly due: DueWork;
  readonly jobTypes: readonly string[];
  /** Whether signals tell of new work; otherwise the heartbeat is the poll, and is as frequent as that has to be. */
  readonly isListening: () => boolean;
  readonly onReady: (queues: readonly string[]) => void;
  readonly onReconcile: () => void;
  /** Others have this process for dead, or may have: its jobs are no longer its own. */
  readonly onDeath: () => void;
}

/** A worker's life from its registration on: it says that it is alive, and learns what there is to do. */
export class WorkerLife {
  private readonly bell = new Bell();
  private readonly over = new AbortController();
  private entered = false;
  private reconcileAt = performance.now() + RECONCILE_EVERY_MS;
  private maintaining: Promise<void> | undefined;
  /** When the worker that has been silent for longest counts as dead. */
  private nextDeathAt = Infinity;

  constructor(private readonly context: WorkerLifeContext) {}

  /** Whether this process is registered: only then may it claim jobs, or others would take them for those of a dead one. */
  get isEntered(): boolean {
    return this.entered;
  }

  /** Lives until {@link end}. What fails is tried again at the next beat. */
  async live(): Promise<void> {
    const { logger, session } = this.context;
    while (!this.over.signal.aborted) {
      try {
        await (this.isEntered ? this.beat() : this.enter());
      } catch (error) {
        logger.error(`The worker's heartbeat failed and is tried again: ${String(error)}`);
        if (session.mayBeDead) this.die();
      }
      await this.bell.wait(this.pauseMs, this.over.signal);
    }
    await this.maintaining;
    await session.close().catch((error: unknown) => logger.warn(`The worker could not sign off: ${String(error)}`));
  }

  /** Does not wait for the next beat's time. */
  beatNow(): void {
    this.bell.ring();
  }

  end(): void {
    this.over.abort();
  }

  private get pauseMs(): number {
    const { options, isListening } = this.context;
    const isPolling = !isListening() || !this.isEntered;
    const ms = isPolling ? Math.min(options.pollIntervalMs, options.heartbeatMs) : options.heartbeatMs;
    // So that processes which started together do not ask together; never later than it should be.
    const pauseMs = ms * (0.8 + Math.random() * 0.2);
    // A silent one is found dead as soon as it is, but nobody asks all the time because of one that is not buried.
    return Math.min(pauseMs, Math.max(this.nextDeathAt - performance.now(), pauseMs / 10));
  }

  private async enter(): Promise<void> {
    const { store, session, jobTypes, onReady } = this.context;
    await session.close();
    await session.open();
    this.entered = true;
    // What was parked because nobody had a handler for it has one now.
    onReady(await store.unpark(jobTypes));
    await this.beat();
  }

  private async beat(): Promise<void> {
    const { store, session, options, due, logger, onReady } = this.context;
    const pulse = await session.beat();
    if (!pulse.isAlive) {
      logger.warn('Other workers took this one for dead: it was not heard for too long. It begins anew.');
      this.die();
      await this.enter();
      return;
    }
    due.expect(pulse);
    this.nextDeathAt = performance.now() + (pulse.nextDeathMs ?? Infinity) + 1;
    onReady(pulse.readyQueues);
    if (pulse.needsRescue && session.mayRescue) {
      const { rescued, failed, queues } = await store.rescue({
        workerId: session.workerId,
        deadAfterMs: options.deadAfterMs,
        maxCrashes: options.maxCrashes,
      });
      if (rescued > 0)
        logger.warn(`${rescued} jobs of dead workers were taken over; ${failed} of them have become dead letters.`);
      onReady(queues);
      // One that died between the end of a job and the start of the next of its key has left that one waiting.
      onReady(await store.unblockIdle());
    }
    this.maintain();
    if (performance.now() >= this.reconcileAt) {
      this.reconcileAt = performance.now() + RECONCILE_EVERY_MS;
      this.context.onReconcile();
    }
  }

  /** Beside the heart, which it must not hold up: deleting what is old may take a while. */
  private maintain(): void {
    const { maintenance, logger, onReady } = this.context;
    this.maintaining ??= maintenance
      .run(this.over.signal)
      .then(onReady)
      .catch((error: unknown) => logger.error(`The upkeep of the queue is tried again: ${String(error)}`))
      .finally(() => (this.maintaining = undefined));
  }

  private die(): void {
    this.entered = false;
    this.context.onDeath();
  }
}
