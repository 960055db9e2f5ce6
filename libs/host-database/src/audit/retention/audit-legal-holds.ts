import { Injectable } from '@nestjs/common';
import { assertId, assertText, Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { AuditService } from '../audit.service.js';
import { AuditLegalHold } from './audit-legal-hold.entity.js';
import { LegalHoldNotFoundError } from './retention.errors.js';

const REASON_MAX_LENGTH = 1_000;

/** What to hold, and why. */
export interface NewLegalHold {
  /** Whose rows; null holds all of the log. */
  readonly tenantId: string | null;
  readonly reason: string;
}

/** Keeps rows from being removed when their time is over: for a court, an authority, an investigation. */
@Injectable()
export class AuditLegalHolds {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /**
   * Holds the rows of a tenant, or all of them, and records `audit.legal-hold-placed`, in the caller's transaction if there is one.
   * Waits for a removal that is under way. Erasing a person is not stopped by it.
   *
   * @throws InvalidIdError, InvalidInputError
   */
  async place({ tenantId, reason: given }: NewLegalHold): Promise<AuditLegalHold> {
    if (tenantId !== null) assertId(tenantId, 'tenant');
    const reason = assertText(given, 'reason', REASON_MAX_LENGTH);
    return this.unitOfWork.transactional(async (em) => {
      const hold = em.create(AuditLegalHold, { tenantId, reason, placedAt: this.clock.now() });
      await em.persist(hold).flush();
      await this.record('audit.legal-hold-placed', hold);
      return hold;
    });
  }

  /**
   * Ends a hold and records `audit.legal-hold-released`, in the caller's transaction if there is one.
   *
   * @throws LegalHoldNotFoundError when there is none, or it has ended
   */
  async release(holdId: string): Promise<AuditLegalHold> {
    assertId(holdId, 'legal hold');
    return this.unitOfWork.transactional(async (em) => {
      // By the condition, and not by what was read: of two who release it one does.
      const releasedAt = this.clock.now();
      const released = await em.nativeUpdate(AuditLegalHold, { id: holdId, releasedAt: null }, { releasedAt });
      if (released === 0) throw new LegalHoldNotFoundError(holdId);
      const hold = await em.findOneOrFail(AuditLegalHold, { id: holdId }, { refresh: true });
      await this.record('audit.legal-hold-released', hold);
      return hold;
    });
  }

  /** Returns the holds that are open, the oldest first; with `released`, those that have ended too. */
  async list({ released = false }: { readonly released?: boolean } = {}): Promise<AuditLegalHold[]> {
    const filter = released ? {} : { releasedAt: null };
    return this.unitOfWork.em.find(AuditLegalHold, filter, { orderBy: { id: 'asc' }, refresh: true });
  }

  private async record(
    eventType: 'audit.legal-hold-placed' | 'audit.legal-hold-released',
    { tenantId, reason }: AuditLegalHold,
  ): Promise<void> {
    // Of the tenant's own log: its readers may know that they are held.
    await this.audit.record({ eventType, tenantId, details: { reason }, ...(tenantId !== null && { targetId: tenantId }) });
  }
}
