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
    return this.context.run(facts, () => this.unitOfWork.run(() => this.handle(attempt)));
  }

  private async handle(attempt: JobAttempt): Promise<Ending> {
    const { schema, transactional } = attempt.handler.options;
    if (attempt.attempt > attempt.maxAttempts)
      throw new Discard(`Its worker died with the last of ${attempt.maxAttempts} attempts.`);
    if (schema) await assertPayload(attempt.type, schema, attempt.payload);
    if (transactional) return this.unitOfWork.transactional(() => this.handleWithin(attempt));
    const output = await this.invoke(attempt);
    return output === undefined ? 'completed' : { ...claimOf(attempt), status: 'completed', output };
  }

  /**
   * What the handler writes in the host database and that its job is completed are committed together, or neither is. What it writes in
   * the tenant's is flushed before: the attempt fails where that does.
   */
  private async handleWithin(attempt: JobAttempt): Promise<Ending> {
    const output = await this.invoke(attempt);
    const { em } = this.unitOfWork;
    await em.flush();
    if (!(await this.store.completeWithin(em, attempt.job, output))) throw new JobLeaseLostError(attempt.id);
    return 'recorded';
  }

  /** Calls the handler, in the database of the job's tenant if that is wanted, and returns what is stored of its result. */
  private async invoke(attempt: JobAttempt): Promise<unknown> {
    const work = async () => {
      const output = toOutput(attempt, await attempt.handler.handle(attempt), this.logger);
      assertStillOwned(attempt);
      return output;
    };
    return this.tenants.run(attempt.job, attempt.handler.options.runsFor, work);
  }
}

/** Thrown before the unit of work is flushed, so that what an attempt wrote whose job is no longer its own is discarded. */
function assertStillOwned({ abortReason }: JobAttempt): void {
  if (abortReason instanceof JobLeaseLostError || abortReason instanceof JobCancelledError) throw abortReason;
}

function claimOf({ job }: JobAttempt) {
  return { id: job.id, claimToken: job.claimToken };
}
