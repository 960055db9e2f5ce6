import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { JobHandlersRegistry } from './job-handlers.registry.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import { JobScheduler } from './schedules/job-scheduler.js';
import { type JobSignal, JobSignals } from './signals/index.js';
import { type JobClaim, JobStore } from './store/index.js';
import { DueWork } from './worker/due-work.js';
import { JobRunner } from './worker/job-runner.js';
import { queuesOf, settingsOf } from './worker/queue-settings.js';
import { QueueWorker } from './worker/queue-worker.js';
import { WorkerLife } from './worker/worker-life.js';
import { WorkerMaintenance } from './worker/worker-maintenance.js';
import { WorkerSession } from './worker/worker-session.js';

/** How often running jobs are looked after: for timeouts, and for cancellations that no signal told of. */
const WATCH_EVERY_MS = 250;
/** Cancellations that no signal told of are found within a second. */
const WATCHES_PER_CHECK = 3;

/** Runs jobs in this process from the start of the application to its shutdown, which waits for those that have begun. */
@Injectable()
export class JobsWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private queues: readonly QueueWorker[] = [];
  private life: WorkerLife | undefined;
  private living: Promise<void> | undefined;
  private due: DueWork | undefined;
  private watchTimer: NodeJS.Timeout | undefined;
  private mayHaveLost = false;
  private isFindingLost = false;
  private watches = 0;

  constructor(
    private readonly store: JobStore,
    private readonly signals: JobSignals,
    private readonly registry: JobHandlersRegistry,
    private readonly runner: JobRunner,
    private readonly scheduler: JobScheduler,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  onApplicationBootstrap(): void {
    if (this.options.worker) this.start();
  }

  /**
   * Takes no more jobs, gives back those that have not begun, lets the others end, and asks them to after the grace period.
   */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.life) await this.stop(this.life);
    await this.signals.close();
  }

  private start(): void {
    const { store, registry, runner, scheduler, logger, options } = this;
    const names = queuesOf(options, registry);
    const session = new WorkerSession({
      store,
      options,
      queues: names,
      jobTypes: registry.types,
      schedules: () => scheduler.names,
    });
    const workerId = () => session.workerId;
    const onScheduled = (inMs: number) => this.due?.expect({ nextDueMs: inMs, nextSlotMs: undefined });
    this.queues = names.map(
      (queue) =>
        new QueueWorker({
          ...settingsOf(options, queue),
          store,
          runner,
          registry,
          logger,
          workerId,
          mayClaim: () => this.life?.isEntered ?? false,
          onScheduled,
          onGivenBack: () => this.signals.send({ queues: [queue] }),
        }),
    );
    const onReady = (queues: readonly string[]) => this.wake(queues);
    const due = new DueWork(store, scheduler, logger, onReady);
    this.due = due;
    this.life = new WorkerLife({
      store,
      options,
      logger,
      session,
      due,
      onReady,
      maintenance: new WorkerMaintenance(store, options, logger, registry.types),
      jobTypes: registry.types,
      isListening: () => this.signals.isListening,
      onReconcile: () => this.queues.forEach((queue) => queue.reconcile()),
      onDeath: () => this.queues.forEach((queue) => queue.loseAll()),
    });
    this.living = this.life.live();
    this.signals.listen((signal) => this.receive(signal));
    this.watchTimer = setInterval(() => void this.watch(), WATCH_EVERY_MS);
  }

  private async stop(life: WorkerLife): Promise<void> {
    const { shutdownGraceMs, abortGraceMs } = this.options;
    for (const queue of this.queues) queue.close();
    await this.due?.close();
    if (!(await this.endsWithin(shutdownGraceMs))) {
      for (const queue of this.queues) queue.abort();
      if (!(await this.endsWithin(abortGraceMs))) for (const queue of this.queues) queue.abandonAll();
      await this.endsWithin(abortGraceMs);
    }
    clearInterval(this.watchTimer);
    for (const queue of this.queues) queue.end();
    life.end();
    await this.living;
  }

  private async endsWithin(ms: number): Promise<boolean> {
    const timeout = new AbortController();
    const idle = Promise.all(this.queues.map((queue) => queue.whenIdle())).then(() => true);
    const tooLate = delay(ms, false, { signal: timeout.signal }).catch(() => false);
    return Promise.race([idle, tooLate]).finally(() => timeout.abort());
  }

  private wake(queues: readonly string[]): void {
    // Before, the first heartbeat says what there is.
    if (!this.life?.isEntered) return;
    for (const worker of this.queues) if (queues.includes(worker.queue)) worker.wake();
  }

  private receive({ queues, hasScheduled, cancelled, isGap }: JobSignal): void {
    this.wake(queues);
    // Its heartbeat is the poll, which tells of what was missed.
    if (isGap) this.life?.beatNow();
    if (hasScheduled) void this.due?.ask();
    if (cancelled === 'unknown') this.mayHaveLost = true;
    else if (cancelled.length > 0) void this.findLost(this.claims.filter(({ id }) => cancelled.includes(id)));
  }

  private async watch(): Promise<void> {
    for (const queue of this.queues) queue.watch();
    this.watches++;
    if (this.mayHaveLost) {
      this.mayHaveLost = false;
      await this.findLost(this.claims);
    } else if (this.watches % WATCHES_PER_CHECK === 0) {
      // A signal may have been lost.
      await this.findLost(this.queues.flatMap((queue) => queue.claimsOlderThan(WATCH_EVERY_MS)));
    }
  }

  private get claims(): JobClaim[] {
    return this.queues.flatMap((queue) => queue.claims);
  }

  private async findLost(claims: readonly JobClaim[]): Promise<void> {
    if (claims.length === 0) return;
    if (this.isFindingLost) {
      // One at a time: the database may be slow to answer.
      this.mayHaveLost = true;
      return;
    }
    this.isFindingLost = true;
    try {
      const tokens = new Map(claims.map(({ id, claimToken }) => [id, claimToken]));
      const lost = (await this.store.findLost(claims)).map(({ id, status }) => ({ id, status, claimToken: tokens.get(id) ?? 0 }));
      for (const queue of this.queues) queue.lose(lost);
    } catch (error) {
      this.mayHaveLost = true;
      this.logger.debug(`Cancelled jobs are looked for again: ${String(error)}`);
    } finally {
      this.isFindingLost = false;
    }
  }
}
