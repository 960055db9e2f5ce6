import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Bell } from '../common/index.js';
import { JobRunner } from './job-runner.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';

/** Runs jobs in this process from the start of the application to its shutdown, which waits for those that have begun. */
@Injectable()
export class JobsWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private readonly bell = new Bell();
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(
    private readonly runner: JobRunner,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  /** Aborted when the application shuts down. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  onApplicationBootstrap(): void {
    if (this.options.worker) this.loop = this.work();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  /** Looks for work now instead of at the next poll. The caller's own context does not reach the jobs. */
  wakeUp(): void {
    this.bell.ring();
  }

  private async work(): Promise<void> {
    while (!this.signal.aborted) {
      try {
        await this.runner.runPending(this.signal);
      } catch (error) {
        this.logger.error(`The queue could not be read; it is tried again: ${String(error)}`);
      }
      await this.bell.wait(this.options.pollIntervalMs, this.signal);
    }
  }
}
