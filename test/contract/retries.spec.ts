import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DeadlockException, LockWaitTimeoutException } from '@mikro-orm/core';
import { GlobalUser, HostDatabase } from 'nestjs-host-database';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

describe('a transaction that the database refuses for now', () => {
  describe('on PostgreSQL, by a deadlock', () => {
    let host: TestHost;
    let ids: readonly [string, string];

    beforeEach(async () => {
      host = await createTestHost({ database: 'postgresql', options: { audit: { capture: false } } });
      ids = [(await host.newUser()).id, (await host.newUser()).id];
    });
    afterEach(async () => {
      await host.close();
    });

    /** Two transactions that each hold the row which the other wants, the first time. */
    async function collide(retries: number) {
      const holding = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
      let attempts = 0;
      const transaction = (own: 0 | 1, other: 0 | 1) =>
        host.run(() =>
          host.hostDatabase.transactional(
            async (em) => {
              attempts++;
              await em.nativeUpdate(GlobalUser, { id: ids[own] }, { isSysAdmin: true });
              holding[own].resolve();
              await holding[other].promise;
              await em.nativeUpdate(GlobalUser, { id: ids[other] }, { isSysAdmin: true });
            },
            { retries },
          ),
        );
      const outcomes = await Promise.allSettled([transaction(0, 1), transaction(1, 0)]);
      return {
        attempts,
        failures: outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : [])),
      };
    }

    it('fails without retries', async () => {
      const { attempts, failures } = await collide(0);
      expect(attempts).toBe(2);
      expect(failures).toEqual([expect.any(DeadlockException)]);
    });

    it('succeeds with them', async () => {
      expect(await collide(3)).toEqual({ attempts: 3, failures: [] });
    });
  });

  describe('on SQLite, by the lock of another connection', () => {
    let scratch: ScratchDatabase;
    let holder: HostDatabase;
    let waiter: HostDatabase;

    beforeEach(async () => {
      scratch = await scratchDatabase('sqlite');
      holder = await HostDatabase.open({ database: scratch.options });
      waiter = await HostDatabase.open({ database: scratch.options });
      // SQLite would wait five seconds, and block this process while it does.
      await waiter.em.execute('pragma busy_timeout = 0');
    });
    afterEach(async () => {
      await holder.close();
      await waiter.close();
      await scratch.drop();
    });

    /** Runs `work` while the other connection is inside a transaction, which ends when `work` says so. */
    async function whileLocked(work: (release: () => void) => Promise<void>): Promise<void> {
      const held = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      const holding = holder.transactional(async () => {
        held.resolve();
        await released.promise;
      });
      await held.promise;
      await work(released.resolve).finally(released.resolve);
      await holding;
    }

    const write = (retries: number) =>
      waiter.transactional((em) => void em.create(GlobalUser, { email: 'patient@example.com' }), { retries });

    it('fails without retries', async () => {
      await whileLocked(async () => {
        await expect(write(0)).rejects.toBeInstanceOf(LockWaitTimeoutException);
      });
      expect(await waiter.globalUsers.count()).toBe(0);
    });

    it('succeeds with them', async () => {
      await whileLocked(async (release) => {
        const writing = write(20);
        await new Promise(setImmediate);
        release();
        await writing;
      });
      expect(await waiter.globalUsers.count()).toBe(1);
    });
  });
});
