import { createHash } from 'node:crypto';
import { LockMode } from '@mikro-orm/core';
import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { type ResolvedUsersOptions, USERS_OPTIONS } from '../users.options.js';
import { UsersUpkeep } from '../users-upkeep.js';
import { MailCount } from './mail-count.entity.js';
import type { MailTemplate } from './mailer.js';

const HOUR_MS = 3_600_000;
const PURGE_BATCH = 1_000;

/** A mail that somebody asks for. */
export interface AskedMail {
  /** Whom it would go to. */
  readonly to: string;
  readonly template: MailTemplate;
}

/**
 * Keeps strangers from filling a mailbox: of each kind of mail an address is sent so many within an hour (`users.mail.maxPerHour`), whether
 * somebody has it or not, over all processes.
 */
@Injectable()
export class MailLimits {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly audit: AuditService,
    private readonly upkeep: UsersUpkeep,
    @Inject(USERS_OPTIONS) private readonly options: ResolvedUsersOptions,
  ) {}

  /**
   * Counts a mail, in the caller's transaction, which others who ask for the same address wait for. Nobody who asks is to be told the answer.
   *
   * @returns whether it is to be sent; that it is not, is recorded as `users.mail-withheld`
   */
  async take({ to, template }: AskedMail): Promise<boolean> {
    return this.unitOfWork.transactional(async (em) => {
      const now = this.clock.now();
      const keyHash = hashOf(template, to);
      // Written whether it is there or not, so that the row is there and locked.
      await em.upsert(
        MailCount,
        { keyHash, askedAt: [], expiresAt: now },
        { onConflictFields: ['keyHash'], onConflictMergeFields: ['keyHash'] },
      );
      const count = await em.findOneOrFail(MailCount, { keyHash }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
      const recent = count.askedAt.filter((askedAt) => askedAt > now.getTime() - HOUR_MS);
      const isAllowed = recent.length < this.options.mail.maxPerHour;
      if (isAllowed) Object.assign(count, { askedAt: [...recent, now.getTime()], expiresAt: new Date(now.getTime() + HOUR_MS) });
      else
        await this.audit.record({ eventType: 'users.mail-withheld', tenantId: null, outcome: 'denied', details: { template } });
      await em.flush();
      await this.upkeep.request();
      return isAllowed;
    });
  }

  /** Removes rows that say nothing any more, a batch of them. @returns how many */
  async purge(): Promise<number> {
    const { em } = this.unitOfWork;
    const expired = await em.find(
      MailCount,
      { expiresAt: { $lte: this.clock.now() } },
      { fields: ['keyHash'], orderBy: { expiresAt: 'asc' }, limit: PURGE_BATCH, disableIdentityMap: true },
    );
    if (expired.length === 0) return 0;
    const keyHash = { $in: expired.map((row) => row.keyHash) };
    // Asked again: one of them may have been counted on meanwhile.
    return em.nativeDelete(MailCount, { keyHash, expiresAt: { $lte: this.clock.now() } });
  }
}

/** Which addresses were written to is not for those who read the table. */
function hashOf(template: MailTemplate, address: string): string {
  return createHash('sha256').update(`${template} ${address}`).digest('hex');
}
