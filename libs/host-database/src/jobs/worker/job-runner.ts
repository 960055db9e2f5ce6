import { Injectable, Logger } from '@nestjs/common';
import { ContextService } from '../../context/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobTelemetry } from '../telemetry/job-telemetry.js';
import { Discard } from '../job-control.js';
import { JobCancelledError, JobLeaseLostError } from '../jobs.errors.js';
import { assertPayload } from '../job-payload.js';
import { JobTenantScope } from '../job-tenant-scope.js';
import { JobStore } from '../store/index.js';
import type { JobAttempt } from './job-attempt.js';
import { type Ending, endingOf } from './job-ending.js';
import { toOutput } from './job-output.js';

/** Runs one attempt and says how it ended. Never throws. */
@Injectable()
export class JobRunner {
  private readonly logger = new Logger('Jobs');

  constructor(
    private readonly store: JobStore,
    private readonly unitOfWork: UnitOfWork,
    private readonly context: ContextService,
    private readonly tenants: JobTenantScope,
    private readonly telemetry: JobTelemetry,
  ) {}

  async run(attempt: JobAttempt): Promise<Ending> {
    try {
      return await this.telemetry.run(attempt, () => this.inContext(attempt));
    } catch (error) {
      return endingOf(attempt, error, this.logger);
    }
  }

  private inContext(attempt: JobAttempt): Promise<Ending> {
    const { job } = attempt;
    const facts = {
      requestId: `job:${job.id}`,
      ...(job.tenantId !== null && { tenantId: job.tenantId }),
      ...(job.actorUserId !== null && { actorUserId: job.actorUserId }),
    };
    return this.context.run(facts, () =>
      this.unitOfWork.run(() => {
        if (job.tenantId === null || attempt.handler.options.tenantDatabase === false) return this.handle(attempt);
        return this.tenants.run(job.tenantId, () => this.handle(attempt), attempt.handler.options.tenantDatabase === true);
      }),
    );
  }

  private async handle(attempt: JobAttempt): Promise<Ending> {
    const { options, handle } = attempt.handler;
    if (attempt.attempt > attempt.maxAttempts)
      throw new Discard(`Its worker died with the last of ${attempt.maxAttempts} attempts.`);
    if (options.schema) await assertPayload(attempt.type, options.schema, attempt.payload);
    if (options.transactional) return this.unitOfWork.transactional(() => this.handleWithin(attempt));
    const output = toOutput(attempt, await handle(attempt), this.logger);
    assertStillOwned(attempt);
    return output === undefined ? 'completed' : { ...claimOf(attempt), status: 'completed', output };
  }

  /** What the handler writes and that its job is completed are committed together, or neither is. */
  private async handleWithin(attempt: JobAttempt): Promise<Ending> {
    const output = toOutput(attempt, await attempt.handler.handle(attempt), this.logger);
    assertStillOwned(attempt);
    await this.unitOfWork.em.flush();
    if (!(await this.store.completeWithin(this.unitOfWork.em, attempt.job, output))) throw new JobLeaseLostError(attempt.id);
    return 'recorded';
  }
}

/** Thrown before the unit of work is flushed, so that what an attempt wrote whose job is no longer its own is discarded. */
function assertStillOwned({ abortReason }: JobAttempt): void {
  if (abortReason instanceof JobLeaseLostError || abortReason instanceof JobCancelledError) throw abortReason;
}

function claimOf({ job }: JobAttempt) {
  return { id: job.id, claimToken: job.claimToken };
}
