import { Injectable } from '@nestjs/common';
import type { SystemJob } from 'nestjs-host-database';
import {
  type AuditCloudEvent,
  AuditFeed,
  type AuditFeedOptions,
  type AuditFilter,
  type AuditPage,
  type AuditPageOptions,
  AuditProofs,
  AuditReader,
  type AuditVerificationSummary,
  AuditVerifier,
  type InclusionProof,
  toCloudEvent,
} from 'nestjs-host-database/audit';
import { JobNotFoundError, JobsService } from 'nestjs-host-database/jobs';
import { type AuditVerificationOutput, type AuditVerificationProgressDone, RUN_VERIFICATION } from './audit-verification.job.js';
import { AuditNotVerifiedError, AuditVerificationNotFoundError } from './audit.errors.js';
import { type JobState, jobStateOf } from './job-state.js';

/** Where events of the feed come from. */
const EVENT_SOURCE = '/audit-log';

/** The next events of the feed. */
export interface CloudEventsPage {
  readonly events: readonly AuditCloudEvent[];
  readonly cursor: string;
}

/** A verification that somebody has asked for: the job that runs it. */
export interface AuditVerification {
  readonly id: string;
  readonly status: JobState;
  /** From 0 to 1. */
  readonly progress: number;
  /** Undefined until it is completed. */
  readonly findings: number | undefined;
  readonly createdAt: Date;
}

/** The log of the whole installation. Who may read it is for the caller to say. */
@Injectable()
export class SystemAuditLogService {
  constructor(
    private readonly reader: AuditReader,
    private readonly auditFeed: AuditFeed,
    private readonly proofs: AuditProofs,
    private readonly verifier: AuditVerifier,
    private readonly jobs: JobsService,
  ) {}

  /** @throws InvalidAuditCursorError, InvalidInputError, InvalidIdError */
  async find(options: AuditFilter & AuditPageOptions): Promise<AuditPage> {
    return this.reader.find(options);
  }

  /** @throws InvalidAuditCursorError, InvalidInputError, AuditFeedNotSealedError */
  async feed(options: AuditFeedOptions): Promise<CloudEventsPage> {
    const { events, cursor } = await this.auditFeed.read(options);
    return { events: events.map((entry) => toCloudEvent(entry, { source: EVENT_SOURCE })), cursor };
  }

  /** @throws AuditRowNotFoundError, AuditRowNotSealedError */
  async prove(rowId: string): Promise<InclusionProof> {
    return this.proofs.proveInclusion(rowId);
  }

  /** @throws AuditNotVerifiedError */
  async lastVerification(): Promise<AuditVerificationSummary> {
    const result = await this.verifier.lastResult();
    if (!result) throw new AuditNotVerifiedError();
    return result;
  }

  /** Has the whole log verified, and returns the verification as it stands: pending. */
  async verify(): Promise<AuditVerification> {
    return toVerification(await this.jobs.enqueue(RUN_VERIFICATION, null));
  }

  /** @throws AuditVerificationNotFoundError */
  async getVerification(verificationId: string): Promise<AuditVerification> {
    try {
      const job = await this.jobs.getById(verificationId);
      if (job.jobType === RUN_VERIFICATION) return toVerification(job);
    } catch (error) {
      if (!(error instanceof JobNotFoundError)) throw error;
    }
    throw new AuditVerificationNotFoundError(verificationId);
  }
}

function toVerification(job: SystemJob): AuditVerification {
  const { scopes, total } = (job.progress ?? { scopes: 0, total: 0 }) as AuditVerificationProgressDone;
  const isCompleted = job.status === 'completed';
  return {
    id: job.id,
    status: jobStateOf(job),
    progress: isCompleted ? 1 : total > 0 ? Math.min(scopes / total, 1) : 0,
    findings: isCompleted ? (job.output as AuditVerificationOutput).findings : undefined,
    createdAt: job.createdAt,
  };
}
