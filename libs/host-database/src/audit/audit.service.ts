import { Injectable } from '@nestjs/common';
import { assertInt32, assertText } from '../common/index.js';
import { UnitOfWork } from '../database/index.js';
import type { AuditEventType } from './catalogue/index.js';
import { HostAuditLog } from './host-audit-log.entity.js';
import type { AuditEvent, UncheckedAuditEvent } from './recording/audit-event.js';
import { type AuditRow, AuditRowFactory } from './recording/audit-row.factory.js';
import { AuditRowWriter } from './recording/audit-row.writer.js';

/** How many rows to read. */
export interface AuditFindOptions {
  /** @default 100 */
  readonly limit?: number;
}

/** The security log of the host: who did what to which thing, from where. */
@Injectable()
export class AuditService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly rows: AuditRowFactory,
    private readonly writer: AuditRowWriter,
  ) {}

  /**
   * Appends a row in the caller's transaction: what is recorded and the change it records commit or vanish together, and where the row
   * cannot be written the change is not made either. Actor, tenant, address and request come from the context; secrets are taken out.
   *
   * @throws UnknownAuditEventTypeError, InvalidAuditDetailsError, InvalidInputError, InvalidIdError
   */
  async record<T extends AuditEventType>(event: AuditEvent<T>): Promise<HostAuditLog> {
    return this.recordUnchecked(event);
  }

  /** As {@link record}, for an event whose type the compiler does not know. */
  async recordUnchecked(event: UncheckedAuditEvent): Promise<HostAuditLog> {
    return this.unitOfWork.transactional(async (em) => {
      const row = await this.rows.make(event);
      await this.writer.write(row, em);
      return toEntity(row);
    });
  }

  /**
   * Appends a row on a connection of its own, which stays when the caller's transaction is rolled back: for what was denied or has
   * failed. On SQLite, inside the caller's transaction, it is written when that has ended.
   *
   * @throws UnknownAuditEventTypeError, InvalidAuditDetailsError, InvalidInputError, InvalidIdError
   */
  async recordDetached<T extends AuditEventType>(event: AuditEvent<T>): Promise<HostAuditLog> {
    return this.recordDetachedUnchecked(event);
  }

  /** As {@link recordDetached}, for an event whose type the compiler does not know. */
  async recordDetachedUnchecked(event: UncheckedAuditEvent): Promise<HostAuditLog> {
    const row = await this.rows.make(event);
    await this.writer.writeDetached(row);
    return toEntity(row);
  }

  /** Returns what happened to one thing, the newest first. */
  async findByTarget(targetId: string, { limit = 100 }: AuditFindOptions = {}): Promise<HostAuditLog[]> {
    assertInt32(limit, 'limit', 1);
    return this.unitOfWork.em.find(
      HostAuditLog,
      { targetId: assertText(targetId, 'targetId') },
      { orderBy: { id: 'desc' }, limit, disableIdentityMap: true },
    );
  }
}

function toEntity(row: AuditRow): HostAuditLog {
  // Assigned to an entity, each value would pass a setter of MikroORM's, for changes that there will never be.
  return { __proto__: HostAuditLog.prototype, ...row } as unknown as HostAuditLog;
}
