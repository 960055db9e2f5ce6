import type { Logger } from '@nestjs/common';
import type { JobHandlersRegistry } from '../job-handlers.registry.js';
import type { JobStore, QueueLimits } from '../store/index.js';
import type { AttemptDefaults } from './job-attempt.js';
import type { JobRunner } from './job-runner.js';

/** What the worker of a queue needs from the process it is in. */
export interface QueueWorkerContext {
  readonly queue: string;
  readonly concurrency: number;
  readonly prefetch: number;
  readonly limits: QueueLimits | undefined;
  readonly defaults: AttemptDefaults;
  readonly abortGraceMs: number;
  readonly store: JobStore;
  readonly runner: JobRunner;
  readonly registry: JobHandlersRegistry;
  readonly logger: Logger;
  /** The id under which this process is registered; another one after it was taken for dead. */
  readonly workerId: () => string;
  /** Whether it is registered at all. */
  readonly mayClaim: () => boolean;
  /** Jobs were given back: others may run them. */
  readonly onGivenBack: () => void;
  /** A job of its own is due again in so many milliseconds. */
  readonly onScheduled: (inMs: number) => void;
}
