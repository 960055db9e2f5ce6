import { Injectable } from '@nestjs/common';
import { Clock, genId, isId } from '../common/index.js';
import { ContextService } from '../context/index.js';
import { UnitOfWork } from '../database/index.js';
import { assertEnqueueOptions, type EnqueueOptions } from './enqueue-options.js';
import { JobHandlersRegistry } from './job-handlers.registry.js';
import { assertPayload, toJsonPayload } from './job-payload.js';
import { assertJobType } from './job-type.js';
import { JobTenantRequiredError } from './jobs.errors.js';
import { JobSignals } from './signals/index.js';
import { type InsertedJob, JobStore, type NewJob } from './store/index.js';
import { JobTelemetry } from './telemetry/job-telemetry.js';
import { DEFAULT_QUEUE } from './worker/queue-settings.js';

/** A job to enqueue. */
export interface JobToEnqueue extends EnqueueOptions {
  readonly payload: unknown;
}

/** What was written of it. */
export interface EnqueuedJob extends InsertedJob {
  readonly job: NewJob;
}

/** Checks jobs, writes them in the caller's unit of work and tells the workers once that is committed. */
@Injectable()
export class JobEnqueuer {
  constructor(
    private readonly store: JobStore,
    private readonly signals: JobSignals,
    private readonly registry: JobHandlersRegistry,
    private readonly telemetry: JobTelemetry,
    private readonly unitOfWork: UnitOfWork,
    private readonly context: ContextService,
    private readonly clock: Clock,
  ) {}

  async enqueue(jobType: string, items: readonly JobToEnqueue[]): Promise<EnqueuedJob[]> {
    assertJobType(jobType);
    const options = this.registry.find(jobType)?.options;
    const payloads: unknown[] = [];
    for (const item of items) {
      assertEnqueueOptions(item);
      if (options?.runsFor === 'tenant' && item.tenantId === undefined) throw new JobTenantRequiredError(jobType);
      const payload = toJsonPayload(jobType, item.payload);
      if (options?.schema) await assertPayload(jobType, options.schema, payload);
      payloads.push(payload);
    }
    const [first] = items;
    if (!first) return [];
    const defaultQueue = options?.queue ?? DEFAULT_QUEUE;
    return this.telemetry.enqueue(jobType, first.queue ?? defaultQueue, (traceContext) =>
      this.write(
        items.map((item, index) =>
          this.toNewJob(item, { jobType, payload: payloads[index], queue: item.queue ?? defaultQueue, traceContext }),
        ),
      ),
    );
  }

  private async write(jobs: readonly NewJob[]): Promise<EnqueuedJob[]> {
    const inserted = await (this.unitOfWork.isInTransaction
      ? this.unitOfWork.transactional((em) => this.store.insert(em, jobs))
      : this.store.insert(this.unitOfWork.em, jobs));
    // As many, in the same order.
    const results = jobs.map((job, index): EnqueuedJob => ({ id: job.id, isNew: true, ...inserted[index], job }));
    const written = results.filter(({ isNew }) => isNew).map(({ job }) => job);
    if (written.length > 0) {
      // Of all of them: one whose time has come already is ready now.
      const queues = [...new Set(written.map(({ queue }) => queue))];
      this.unitOfWork.afterCommit(() => this.signals.send({ queues, hasScheduled: written.some(isLater) }));
    }
    return results;
  }

  private toNewJob(options: EnqueueOptions, facts: Pick<NewJob, 'jobType' | 'payload' | 'queue' | 'traceContext'>): NewJob {
    const { actorUserId } = this.context.current;
    return {
      ...facts,
      id: genId(),
      tenantId: options.tenantId ?? null,
      actorUserId: actorUserId !== undefined && isId(actorUserId) ? actorUserId : null,
      priority: options.priority ?? 0,
      maxAttempts: options.maxAttempts ?? null,
      uniqueKey: options.uniqueKey ?? null,
      concurrencyKey: options.concurrencyKey ?? null,
      createdAt: this.clock.now(),
      ...(options.runAt && { runAt: options.runAt }),
      ...(options.delayMs !== undefined && { delayMs: options.delayMs }),
    };
  }
}

/** Whether a job has a time to be due at, and may have to wait for it. */
export function isLater({ runAt, delayMs }: Pick<NewJob, 'runAt' | 'delayMs'>): boolean {
  return runAt !== undefined || delayMs !== undefined;
}
