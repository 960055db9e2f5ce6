import { Injectable } from '@nestjs/common';
import type { AuditedChange } from '../capture/change-recorder.js';
import { InvalidAuditRecordError, leafHash, parseRecord } from '../integrity/index.js';
import type { UncheckedAuditEvent } from './audit-event.js';
import { type AuditRow, AuditRowFactory } from './audit-row.factory.js';
import { AuditRowWriter } from './audit-row.writer.js';
import { DeferredRowLimits, type RecordLimits } from './deferred-row-limits.js';

/** A row of the log, complete but not in it yet: secrets are taken out, personal data are sealed, and time and actor are those of the event. */
export interface DeferredAuditRow {
  readonly id: string;
  /** The text that is hashed, which says all that there is to know of the row. */
  readonly canonical: string;
}

/**
 * Rows that are written in a transaction of another database, and appended to the log once that is committed.
 */
@Injectable()
export class DeferredAuditRows {
  constructor(
    private readonly rows: AuditRowFactory,
    private readonly writer: AuditRowWriter,
    private readonly limits: DeferredRowLimits,
  ) {}

  /** Makes the row for a change of an entity. */
  async ofChange(change: AuditedChange): Promise<DeferredAuditRow> {
    return deferred(await this.rows.makeChange(change));
  }

  /**
   * Makes the row for an event.
   *
   * @throws UnknownAuditEventTypeError, InvalidAuditDetailsError, InvalidInputError, InvalidIdError
   */
  async ofEvent(event: UncheckedAuditEvent): Promise<DeferredAuditRow> {
    return deferred(await this.rows.make(event));
  }

  /**
   * Appends rows of one tenant to the log, on a connection of its own; those that are there already stay as they are, so that it can be
   * repeated. Resolves when they are committed. A row that is not this tenant's, or none of the format, is not appended: whoever can write
   * in the database of a tenant could else speak in the name of another. Nor is one that is too long for a column, from the future, or
   * older than the log: it would keep others from being moved, sealed or removed.
   *
   * @returns the ids of the rows that were refused
   */
  async append(tenantId: string, given: readonly DeferredAuditRow[]): Promise<string[]> {
    const limits = await this.limits.current();
    const read = given.map((row) => ({ id: row.id, row: readRow({ tenantId, limits }, row) }));
    await this.writer.appendMissing(read.flatMap(({ row }) => row ?? []));
    return read.filter(({ row }) => row === undefined).map(({ id }) => id);
  }
}

function deferred({ id, canonical }: AuditRow): DeferredAuditRow {
  return { id, canonical };
}

interface RowReader {
  readonly tenantId: string;
  readonly limits: RecordLimits;
}

function readRow({ tenantId, limits }: RowReader, { id, canonical }: DeferredAuditRow): AuditRow | undefined {
  try {
    const record = parseRecord(canonical);
    if (record.id !== id || record.tenantId !== tenantId || !limits(record, canonical)) return undefined;
    const { v: _, createdAt, ...columns } = record;
    return { ...columns, createdAt: new Date(createdAt), canonical, leafHash: leafHash(canonical) };
  } catch (error) {
    if (error instanceof InvalidAuditRecordError) return undefined;
    throw error;
  }
}
