import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { InvalidOptionError } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { InvalidScheduleError, JobHandler, JobSchedulesService, ScheduleNotFoundError } from '../../jobs/index.js';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import { AuditVerifier } from './audit-verifier.service.js';

/** The type of the job, and the name of its schedule. */
const VERIFY_LOG_JOB = 'audit.verify-log';
const VERIFY_AT = '0 4 * * *';
/** A large log takes a while. */
const TIMEOUT_MS = 6 * 3_600_000;

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'audit.verify-log': null;
  }
}

/** Verifies the whole log when its schedule says so, once over all processes. */
@Injectable()
export class AuditVerificationJob implements OnApplicationBootstrap {
  private readonly logger = new Logger('Audit');

  constructor(
    private readonly verifier: AuditVerifier,
    private readonly schedules: JobSchedulesService,
    private readonly unitOfWork: UnitOfWork,
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
  ) {}

  /** @throws InvalidOptionError when `audit.sealing.verifyAt` is no cron expression */
  async onApplicationBootstrap(): Promise<void> {
    const { sealing } = this.options;
    if (!sealing) return;
    const { verifyAt = VERIFY_AT } = sealing;
    await this.unitOfWork.run(() => (verifyAt === false ? this.unschedule() : this.schedule(verifyAt)));
  }

  // Not one transaction: on SQLite nobody else could write for as long as it reads.
  @JobHandler(VERIFY_LOG_JOB, { timeoutMs: TIMEOUT_MS, runsFor: 'host' })
  async verifyLog(): Promise<void> {
    if (this.options.sealing) await this.verifier.verify();
    else this.logger.warn('The audit log is not verified: this process has no audit.sealing, another one had.');
  }

  private async schedule(cron: string): Promise<void> {
    try {
      await this.schedules.upsert({ name: VERIFY_LOG_JOB, type: VERIFY_LOG_JOB, cron });
    } catch (cause) {
      if (!(cause instanceof InvalidScheduleError)) throw cause;
      throw new InvalidOptionError('audit.sealing.verifyAt', `is '${cron}', which is no cron expression: ${cause.message}`);
    }
  }

  private async unschedule(): Promise<void> {
    try {
      await this.schedules.remove(VERIFY_LOG_JOB);
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
  }
}
