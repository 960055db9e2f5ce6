import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Bell } from '../common/index.js';
import { JobRunner } from './job-runner.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';

/** Runs jobs in this process from the start of the application to its shutdown, which waits for those that have begun. */
@Injectable()
export class JobsWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private readonly stopping = new AbortController();
  /** One for each lane, so that a long job holds up nobody but its own lane. */
  private readonly bells: readonly Bell[];
  private loops: Promise<unknown> | undefined;

  constructor(
    private readonly runner: JobRunner,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {
    this.bells = Array.from({ length: options.concurrency }, () => new Bell());
  }

  /** Aborted when the application shuts down. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  onApplicationBootstrap(): void {
    if (this.options.worker) this.loops = Promise.all(this.bells.map((bell) => this.work(bell)));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.loops;
    await this.runner.whenIdle();
  }

  /** Looks for work now instead of at the next poll. The caller's own context does not reach the jobs. */
  wakeUp(): void {
    for (const bell of this.bells) bell.ring();
  }

  private async work(bell: Bell): Promise<void> {
    while (!this.signal.aborted) {
      try {
        await this.runner.runLane(this.signal);
      } catch (error) {
        this.logger.error(`The queue could not be read; it is tried again: ${String(error)}`);
      }
      await bell.wait(this.options.pollIntervalMs, this.signal);
    }
  }
}
