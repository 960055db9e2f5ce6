import { Injectable } from '@nestjs/common';
import type { AuditedChange } from '../capture/change-recorder.js';
import { InvalidAuditRecordError, leafHash, parseRecord } from '../integrity/index.js';
import type { UncheckedAuditEvent } from './audit-event.js';
import { type AuditRow, AuditRowFactory } from './audit-row.factory.js';
import { AuditRowWriter } from './audit-row.writer.js';

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
   * in the database of a tenant could else speak in the name of another.
   *
   * @returns the ids of the rows that were refused
   */
  async append(tenantId: string, given: readonly DeferredAuditRow[]): Promise<string[]> {
    const read = given.map((row) => ({ id: row.id, row: readRow(tenantId, row) }));
    await this.writer.appendMissing(read.flatMap(({ row }) => row ?? []));
    return read.filter(({ row }) => row === undefined).map(({ id }) => id);
  }
}

function deferred({ id, canonical }: AuditRow): DeferredAuditRow {
  return { id, canonical };
}

function readRow(tenantId: string, { id, canonical }: DeferredAuditRow): AuditRow | undefined {
  try {
    const { v: _, createdAt, ...columns } = parseRecord(canonical);
    if (columns.id !== id || columns.tenantId !== tenantId) return undefined;
    return { ...columns, createdAt: new Date(createdAt), canonical, leafHash: leafHash(canonical) };
  } catch (error) {
    if (error instanceof InvalidAuditRecordError) return undefined;
    throw error;
  }
}
