import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { SystemJob } from 'nestjs-host-database';
import type { TenantAuditFilter } from 'nestjs-host-database/audit';
import { JobNotFoundError, JobsService } from 'nestjs-host-database/jobs';
import {
  type AuditExportFormat,
  type AuditExportPayload,
  type AuditExportProgressDone,
  exportFileName,
  WRITE_EXPORT,
} from './audit-export.job.js';
import { AuditExportExpiredError, AuditExportNotFoundError, AuditExportNotReadyError } from './audit.errors.js';
import { ExportFiles } from './export-files.js';
import { type JobState, jobStateOf } from './job-state.js';

export { AUDIT_EXPORT_FORMATS, type AuditExportFormat } from './audit-export.job.js';

/** An export to be. */
export interface NewAuditExport {
  readonly format: AuditExportFormat;
  readonly filter: TenantAuditFilter;
}

/** An export of the log of a workspace: the job that writes its file. */
export interface AuditExport {
  readonly id: string;
  readonly format: AuditExportFormat;
  readonly status: JobState;
  readonly rows: number;
  /** From 0 to 1. */
  readonly progress: number;
  readonly createdAt: Date;
}

/** Exports of the log of a workspace that are written by a job and fetched later. */
@Injectable()
export class AuditExportsService {
  constructor(
    private readonly jobs: JobsService,
    private readonly files: ExportFiles,
  ) {}

  /** Has an export written, and returns it as it stands: pending. */
  async create(workspaceId: string, { format, filter }: NewAuditExport): Promise<AuditExport> {
    const { from, to, ...rest } = filter;
    const times = { ...(from && { from: from.toISOString() }), ...(to && { to: to.toISOString() }) };
    return toExport(await this.jobs.enqueue(WRITE_EXPORT, { format, filter: { ...rest, ...times } }, { tenantId: workspaceId }));
  }

  /** @throws AuditExportNotFoundError, InvalidIdError */
  async get(workspaceId: string, exportId: string): Promise<AuditExport> {
    return toExport(await this.getJob(workspaceId, exportId));
  }

  /**
   * Opens the file of an export.
   *
   * @throws AuditExportNotFoundError, InvalidIdError
   * @throws AuditExportNotReadyError, AuditExportExpiredError
   */
  async open(workspaceId: string, exportId: string): Promise<{ readonly format: AuditExportFormat; readonly content: Readable }> {
    const { id, format, status } = await this.get(workspaceId, exportId);
    if (status !== 'completed') throw new AuditExportNotReadyError(id, status);
    const content = await this.files.read(exportFileName(id, format));
    if (!content) throw new AuditExportExpiredError(id);
    return { format, content };
  }

  private async getJob(workspaceId: string, exportId: string): Promise<SystemJob> {
    try {
      const job = await this.jobs.getById(exportId);
      // The jobs of another workspace are not there for this one.
      if (job.jobType === WRITE_EXPORT && job.tenantId === workspaceId) return job;
    } catch (error) {
      if (!(error instanceof JobNotFoundError)) throw error;
    }
    throw new AuditExportNotFoundError(exportId);
  }
}

function toExport(job: SystemJob): AuditExport {
  const { format } = job.payload as AuditExportPayload;
  const { rows, total } = (job.output ?? job.progress ?? { rows: 0, total: 0 }) as AuditExportProgressDone;
  return {
    id: job.id,
    format,
    status: jobStateOf(job),
    rows,
    progress: job.status === 'completed' ? 1 : total > 0 ? Math.min(rows / total, 1) : 0,
    createdAt: job.createdAt,
  };
}
