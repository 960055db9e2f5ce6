import type { EntityManager, UnitOfWork } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import { HostAuditLog } from '../host-audit-log.entity.js';
import { type AuditedChange, ChangeRecorder } from './change-recorder.js';

/** Records changes in the audit log of the host, with actor and address from the context. */
@Injectable()
export class HostAuditLogChangeRecorder extends ChangeRecorder {
  constructor(
    private readonly context: ContextService,
    private readonly clock: Clock,
  ) {
    super();
  }

  override record(uow: UnitOfWork, em: EntityManager, { eventType, targetId, details }: AuditedChange): void {
    const { actorUserId, ipAddress } = this.context.current;
    const row = em.create(
      HostAuditLog,
      {
        actorUserId: actorUserId ?? null,
        eventType,
        targetId,
        details: { ...details },
        ipAddress: ipAddress ?? null,
        createdAt: this.clock.now(),
      },
      // It is part of this flush only; persisted, it would be tried again after a flush that failed.
      { persist: false },
    );
    uow.computeChangeSet(row);
  }
}
