import { Injectable } from '@nestjs/common';
import { assertId, assertJson, Clock } from '../common/index.js';
import { UnitOfWork } from '../database/index.js';
import { JobRunner } from './job-runner.js';
import { assertJobType } from './job-type.js';
import type { JobPayload } from './job-types.interface.js';
import { InvalidJobPayloadError, JobNotFoundError } from './jobs.errors.js';
import { JobsWorker } from './jobs.worker.js';
import { SystemJob } from './system-job.entity.js';

/** What else to know about a job. */
export interface EnqueueOptions {
  /** The tenant that the work is for; the handler finds it in its context. */
  readonly tenantId?: string;
}

/** Which jobs to run. */
export interface RunPendingOptions {
  /** Only jobs of these types. @default all that have a handler in this process */
  readonly types?: readonly string[];
}

/** The durable queue on the host database. */
@Injectable()
export class JobsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly worker: JobsWorker,
    private readonly runner: JobRunner,
    private readonly clock: Clock,
  ) {}

  /**
   * Writes a job in the caller's transaction: it becomes visible to workers when that commits and vanishes when it is rolled back.
   * Delivery is at-least-once.
   *
   * @throws InvalidJobTypeError, InvalidJobPayloadError
   */
  async enqueue<const T extends string>(type: T, payload: JobPayload<T>, options: EnqueueOptions = {}): Promise<SystemJob> {
    assertJobType(type);
    const json = toJson(type, payload);
    const tenantId = options.tenantId === undefined ? null : assertId(options.tenantId, 'tenant');
    return this.unitOfWork.transactional(async (em) => {
      const job = em.create(SystemJob, { jobType: type, payload: json, tenantId, createdAt: this.clock.now() });
      await em.flush();
      this.unitOfWork.afterCommit(() => this.worker.wakeUp());
      return job;
    });
  }

  /**
   * Returns a job as it stands.
   *
   * @throws JobNotFoundError
   */
  async getById(jobId: string): Promise<SystemJob> {
    const id = assertId(jobId, 'job');
    const job = await this.unitOfWork.em.findOne(SystemJob, { id }, { refresh: true });
    if (!job) throw new JobNotFoundError(id);
    return job;
  }

  /**
   * Runs all pending jobs that have a handler here, in this process, until none is left: for tests, scripts and processes without
   * a worker. Returns how many were run; one that failed says so in its row. Not to be awaited inside a transaction.
   */
  async runPending({ types }: RunPendingOptions = {}): Promise<number> {
    return this.runner.runPending(this.worker.signal, types);
  }
}

function toJson(type: string, payload: unknown): unknown {
  try {
    // What is stored is what the handler will be given, dates as strings and the like.
    return assertJson(payload, 'payload');
  } catch (cause) {
    throw new InvalidJobPayloadError(type, { cause });
  }
}
