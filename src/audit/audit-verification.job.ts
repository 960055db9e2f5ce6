import { existsSync } from 'node:fs';
import { Injectable } from '@nestjs/common';
import { AuditVerifier, type AuditVerifyOptions, readFileAnchor } from 'nestjs-host-database/audit';
import { JobHandler, type JobRun } from 'nestjs-host-database/jobs';

/** How far a verification is. */
export interface AuditVerificationProgressDone {
  readonly scopes: number;
  /** How many there were when it began. */
  readonly total: number;
}

/** What a verification has found. */
export interface AuditVerificationOutput extends AuditVerificationProgressDone {
  readonly findings: number;
  readonly checkedRows: number;
  readonly checkedCheckpoints: number;
}

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'audit-verifications.run': null;
  }
}

export const RUN_VERIFICATION = 'audit-verifications.run';

const TIMEOUT_MS = 6 * 3_600_000;

/** Verifies the whole log when somebody has asked for it. */
@Injectable()
export class AuditVerificationRequestJob {
  constructor(
    private readonly verifier: AuditVerifier,
    private readonly anchorFile: string | undefined,
  ) {}

  // Not one transaction: on SQLite nobody else could write for as long as it reads.
  @JobHandler(RUN_VERIFICATION, { runsFor: 'host', timeoutMs: TIMEOUT_MS })
  async run(run: JobRun<typeof RUN_VERIFICATION>): Promise<AuditVerificationOutput> {
    const onProgress = (progress: AuditVerificationProgressDone) => run.setProgress(progress);
    const result = await this.verifier.verify({ onProgress, ...this.kept() });
    const { scopes, findings, checkedRows, checkedCheckpoints } = result;
    return { scopes, total: scopes, findings, checkedRows, checkedCheckpoints };
  }

  /** The anchor makes its file with the first checkpoint. */
  private kept(): Pick<AuditVerifyOptions, 'kept'> {
    return this.anchorFile !== undefined && existsSync(this.anchorFile) ? { kept: readFileAnchor(this.anchorFile) } : {};
  }
}
