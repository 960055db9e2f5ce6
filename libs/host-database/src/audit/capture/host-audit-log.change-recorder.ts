import type { EntityManager, UnitOfWork } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { HostAuditLog } from '../host-audit-log.entity.js';
import { AuditRowFactory } from '../recording/audit-row.factory.js';
import { type AuditedChange, ChangeRecorder } from './change-recorder.js';

/** Records changes in the audit log of the host. */
@Injectable()
export class HostAuditLogChangeRecorder extends ChangeRecorder {
  constructor(private readonly rows: AuditRowFactory) {
    super();
  }

  override async record(uow: UnitOfWork, em: EntityManager, change: AuditedChange): Promise<void> {
    // It is part of this flush only; persisted, it would be tried again after a flush that failed.
    uow.computeChangeSet(em.create(HostAuditLog, await this.rows.makeChange(change), { persist: false }));
  }
}
