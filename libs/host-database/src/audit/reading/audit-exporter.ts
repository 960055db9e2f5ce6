import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { assertText, genId } from '../../common/index.js';
import { ContextService, type HostContext } from '../../context/index.js';
import { UnitOfWork } from '../../database/index.js';
import { AuditService } from '../audit.service.js';
import type { AuditEvent } from '../recording/audit-event.js';
import { AuditCheckpoints, type ChainLength } from './audit-checkpoints.js';
import { AuditEntries } from './audit-entries.js';
import { type AuditFilter, checkAuditFilter, type CheckedAuditFilter, isWholeScope } from './audit-filter.js';
import { AuditRows, type StoredAuditLog } from './audit-rows.js';
import { FIRST_ROWS, lengthOf, nextBatchSize } from './batch-size.js';
import { type CloudEventOptions, toCloudEvent } from './cloud-event.js';
import { auditCsvHeader, auditCsvRecord } from './audit-csv.js';

/** How an export is made. */
export interface AuditExportOptions {
  /** Ends the export: it throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told after every batch, of 25 rows at most, and waited for. */
  readonly onProgress?: (progress: AuditExportProgress) => void | Promise<void>;
}

/** How far an export is. */
export interface AuditExportProgress {
  readonly rows: number;
}

/** How lines of JSON are made. */
export interface AuditJsonlOptions extends AuditExportOptions {
  /**
   * With proofs, rows are as they are stored, their canonical text and hash included, and what is encrypted stays so. The checkpoints
   * follow where the filter is a scope and nothing else, so that a third party can verify the whole.
   *
   * @default true
   */
  readonly proofs?: boolean;
}

/** What makes one format of a batch of rows. */
interface ExportFormat {
  readonly name: string;
  readonly head?: string;
  readonly toLines: (rows: readonly StoredAuditLog[]) => Promise<Iterable<string>>;
  readonly withCheckpoints?: boolean;
}

type ExportEvent =
  | Pick<AuditEvent<'audit.log-export-started'>, 'eventType' | 'details'>
  | Pick<AuditEvent<'audit.log-exported'>, 'eventType' | 'details'>;

/**
 * Exports the log as a stream of lines, each with its line end, in memory that does not grow with it.
 *
 * Every row that was there when the first line was asked for is in it once, whoever writes meanwhile; of those that are added later,
 * none or some. Each batch is read by itself, outside the caller's transaction; on SQLite do not export inside one, which
 * would wait for itself. Before the first line, the event `audit.log-export-started` says who exports what, and without it there is
 * none. When it has ended, or was cut off, `audit.log-exported` says how far it came; an export that was left with its process has the
 * first one only.
 */
@Injectable()
export class AuditExporter {
  constructor(
    private readonly rows: AuditRows,
    private readonly entries: AuditEntries,
    private readonly checkpoints: AuditCheckpoints,
    private readonly audit: AuditService,
    private readonly context: ContextService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Exports lines of JSON: `{"kind":"row",…}`, and `{"kind":"checkpoint",…}`.
   *
   * @throws InvalidInputError, InvalidIdError at once
   */
  exportJsonl(filter: AuditFilter, { proofs = true, ...options }: AuditJsonlOptions = {}): AsyncGenerator<string, void, void> {
    return this.export(filter, options, {
      name: proofs ? 'jsonl-with-proofs' : 'jsonl',
      withCheckpoints: proofs,
      toLines: async (rows) => linesOf(proofs ? rows : await this.entries.from(rows), (row) => jsonLine({ kind: 'row', ...row })),
    });
  }

  /**
   * Exports CSV (RFC 4180) with a header. Cells that a spreadsheet would run as formulas are made inert by an apostrophe.
   *
   * @throws InvalidInputError, InvalidIdError at once
   */
  exportCsv(filter: AuditFilter, options: AuditExportOptions = {}): AsyncGenerator<string, void, void> {
    return this.export(filter, options, {
      name: 'csv',
      head: auditCsvHeader(),
      toLines: async (rows) => linesOf(await this.entries.from(rows), auditCsvRecord),
    });
  }

  /**
   * Exports lines of JSON, a CloudEvents 1.0 envelope each.
   *
   * @throws InvalidInputError, InvalidIdError at once
   */
  exportCloudEvents(
    filter: AuditFilter,
    { source, ...options }: AuditExportOptions & CloudEventOptions,
  ): AsyncGenerator<string, void, void> {
    assertText(source, 'source');
    return this.export(filter, options, {
      name: 'cloudevents',
      toLines: async (rows) => linesOf(await this.entries.from(rows), (entry) => jsonLine(toCloudEvent(entry, { source }))),
    });
  }

  private export(filter: AuditFilter, options: AuditExportOptions, format: ExportFormat): AsyncGenerator<string, void, void> {
    // Whoever reads the stream later, such as a response, may do so outside of the context and of the unit of work.
    return this.lines(checkAuditFilter(filter), options, format, this.context.current);
  }

  private async *lines(
    filter: CheckedAuditFilter,
    { signal, onProgress }: AuditExportOptions,
    format: ExportFormat,
    context: HostContext,
  ): AsyncGenerator<string, void, void> {
    // First, so that every row of these checkpoints is below the last id, and in the export.
    const chains = format.withCheckpoints && isWholeScope(filter) ? await this.lengthsOf(filter.scope) : [];
    const upTo = await this.unitOfWork.run(() => this.rows.lastId());
    const facts = { format: format.name, filter: { ...filter } };
    const exportId = genId();
    const record = (event: ExportEvent) => this.context.run(context, () => this.recordExport(filter, exportId, event));
    // What is exported is not to depend on whether somebody reads to its end.
    await record({ eventType: 'audit.log-export-started', details: facts });
    let rows = 0;
    let complete = false;
    try {
      if (format.head !== undefined) yield format.head;
      for await (const batch of this.batches(filter, upTo, signal)) {
        for (const line of await format.toLines(batch)) {
          rows++;
          yield line;
        }
        await onProgress?.({ rows });
      }
      for (const chain of chains) yield* this.checkpointLines(chain, signal);
      complete = true;
    } finally {
      await record({ eventType: 'audit.log-exported', details: { ...facts, rows, complete } });
    }
  }

  private async *batches(
    filter: CheckedAuditFilter,
    upTo: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<StoredAuditLog[], void, void> {
    if (upTo === undefined) return;
    // Types that are new from now on are of rows behind the last one.
    const known = await this.unitOfWork.run(() => this.rows.withKnownEventTypes(filter));
    let limit = FIRST_ROWS;
    for (let after = ''; ;) {
      signal?.throwIfAborted();
      const batch = await this.rows.findBatch(known, { order: 'oldest', limit, upTo, after });
      const last = batch.at(-1)?.id;
      const isLast = batch.length < limit || last === undefined;
      limit = nextBatchSize(limit, lengthOf(batch));
      if (batch.length > 0) yield batch;
      if (isLast) return;
      after = last;
      // SQLite answers within the turn: without this nobody else in the process would have one, nor the collector of garbage.
      await nextTurn();
    }
  }

  private async lengthsOf(scope: string): Promise<ChainLength[]> {
    return this.unitOfWork.run(() => this.checkpoints.lengths(scope));
  }

  private async *checkpointLines(chain: ChainLength, signal: AbortSignal | undefined): AsyncGenerator<string, void, void> {
    for (let seq = 0; seq < chain.seq;) {
      signal?.throwIfAborted();
      const after = seq;
      const batch = await this.unitOfWork.run(() => this.checkpoints.next(chain, after));
      for (const checkpoint of batch) yield jsonLine({ kind: 'checkpoint', ...checkpoint });
      // One that is missing is for the verifier to find.
      seq = batch.at(-1)?.seq ?? chain.seq;
    }
  }

  private async recordExport(filter: CheckedAuditFilter, exportId: string, event: ExportEvent): Promise<void> {
    const tenantId = filter.scope === 'host' || filter.scope === 'all' ? null : filter.scope;
    await this.unitOfWork.run(() => this.audit.record({ ...event, tenantId, targetId: exportId }));
  }
}

/** One at a time: what is alive when the young are collected makes their part of the heap grow. */
function* linesOf<T>(rows: readonly T[], toLine: (row: T) => string): Generator<string, void, void> {
  for (const row of rows) yield toLine(row);
}

function jsonLine(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
