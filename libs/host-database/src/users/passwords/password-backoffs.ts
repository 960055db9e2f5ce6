import { createHash } from 'node:crypto';
import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { PasswordBackoff } from './password-backoff.entity.js';

/** How many wrong passwords in a row cost nothing but themselves. */
const FREE_FAILURES = 4;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** After so long without an attempt an address begins anew. */
const FORGOTTEN_AFTER_MS = 86_400_000;
const RETRIES = 5;
const PURGE_BATCH = 1_000;

/**
 * Slows down whoever guesses passwords, address by address, whether or not somebody has it: from the fifth wrong one in a row there is a
 * pause, which doubles up to a quarter of an hour.
 */
@Injectable()
export class PasswordBackoffs {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts an attempt, before its password is looked at: of many at once no more are looked at than of as many in a row. In a transaction
   * of its own; not to be called in another one.
   *
   * @returns how long nothing is looked at for this address; 0 where the attempt was counted
   */
  async begin(address: string): Promise<number> {
    const emailHash = hashOf(address);
    return this.unitOfWork.run(() =>
      this.unitOfWork.transactional(
        async (em) => {
          const now = this.clock.now();
          // Written whether it is there or not, so that the row is there and locked.
          await em.upsert(
            PasswordBackoff,
            { emailHash, failures: 0, blockedUntil: now, expiresAt: now },
            { onConflictFields: ['emailHash'], onConflictMergeFields: ['emailHash'] },
          );
          const backoff = await em.findOneOrFail(
            PasswordBackoff,
            { emailHash },
            { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true },
          );
          const waitMs = backoff.blockedUntil.getTime() - now.getTime();
          if (waitMs > 0) return waitMs;
          const failures = (backoff.expiresAt > now ? backoff.failures : 0) + 1;
          const blockedUntil = new Date(now.getTime() + pauseMs(failures));
          Object.assign(backoff, { failures, blockedUntil, expiresAt: new Date(blockedUntil.getTime() + FORGOTTEN_AFTER_MS) });
          return 0;
        },
        { retries: RETRIES },
      ),
    );
  }

  /** Forgets the wrong passwords of an address, in the caller's transaction: a right one came, or another proof. */
  async forget(address: string): Promise<void> {
    await this.unitOfWork.em.nativeDelete(PasswordBackoff, { emailHash: hashOf(address) });
  }

  /** Removes rows that say nothing any more, a batch of them. @returns how many */
  async purge(): Promise<number> {
    const { em } = this.unitOfWork;
    const expired = await em.find(
      PasswordBackoff,
      { expiresAt: { $lte: this.clock.now() } },
      { fields: ['emailHash'], orderBy: { expiresAt: 'asc' }, limit: PURGE_BATCH, disableIdentityMap: true },
    );
    if (expired.length === 0) return 0;
    const emailHash = { $in: expired.map((row) => row.emailHash) };
    // Asked again: one of them may have been counted on meanwhile.
    return em.nativeDelete(PasswordBackoff, { emailHash, expiresAt: { $lte: this.clock.now() } });
  }
}

/** Which address was tried is not for those who read the table; what nobody has signed up with least of all. */
function hashOf(address: string): string {
  return createHash('sha256').update(address).digest('hex');
}

function pauseMs(failures: number): number {
  return failures <= FREE_FAILURES ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - FREE_FAILURES - 1));
}
