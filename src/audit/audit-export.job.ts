import { Injectable } from '@nestjs/common';
import { AuditExporter, AuditReader, type TenantAuditFilter } from 'nestjs-host-database/audit';
import { Discard, JobHandler, type JobRun, ScheduledJob } from 'nestjs-host-database/jobs';
import { ExportFiles } from './export-files.js';

/** What the log can be exported as. */
export const AUDIT_EXPORT_FORMATS = ['jsonl', 'csv'] as const;

export type AuditExportFormat = (typeof AUDIT_EXPORT_FORMATS)[number];

/** What an export is of. Times are texts, for a payload is JSON. */
export interface AuditExportPayload {
  readonly format: AuditExportFormat;
  readonly filter: Omit<TenantAuditFilter, 'from' | 'to'> & { readonly from?: string; readonly to?: string };
}

/** How far one is. */
export interface AuditExportProgressDone {
  readonly rows: number;
  /** How many there were when it began. */
  readonly total: number;
}

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'audit-exports.write-file': AuditExportPayload;
  }
}

export const WRITE_EXPORT = 'audit-exports.write-file';

const KEPT_MS = 86_400_000;
const TIMEOUT_MS = 3_600_000;

/** The name of the file of an export. */
export function exportFileName(exportId: string, format: AuditExportFormat): string {
  return `${exportId}.${format}`;
}

/** Writes exports, and removes them a day later. */
@Injectable()
export class AuditExportJob {
  constructor(
    private readonly exporter: AuditExporter,
    private readonly reader: AuditReader,
    private readonly files: ExportFiles,
  ) {}

  /** Idempotent: another attempt writes the same file anew. The log is host data, so that the workspace's database need not be there. */
  @JobHandler(WRITE_EXPORT, { runsFor: 'host', timeoutMs: TIMEOUT_MS })
  async write(run: JobRun<typeof WRITE_EXPORT>): Promise<AuditExportProgressDone> {
    const { id, tenantId, payload, signal } = run;
    if (tenantId === undefined) throw new Discard('An export is of one workspace.');
    const { format } = payload;
    const filter = { ...datesOf(payload.filter), scope: tenantId };
    const total = await this.reader.count(filter);
    let rows = 0;
    const onProgress = async (progress: { readonly rows: number }) => {
      rows = progress.rows;
      await run.setProgress({ rows, total });
    };
    const options = { signal, onProgress };
    const lines = format === 'csv' ? this.exporter.exportCsv(filter, options) : this.exporter.exportJsonl(filter, options);
    await this.files.write(exportFileName(id, format), lines);
    return { rows, total };
  }

  @ScheduledJob('17 * * * *')
  @JobHandler('audit-exports.remove-files', { runsFor: 'host' })
  async removeOld(): Promise<number> {
    return this.files.removeOlderThan(KEPT_MS);
  }
}

function datesOf({ from, to, ...filter }: AuditExportPayload['filter']): TenantAuditFilter {
  return {
    ...filter,
    ...(from !== undefined && { from: new Date(from) }),
    ...(to !== undefined && { to: new Date(to) }),
  };
}
