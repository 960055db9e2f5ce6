import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LockWaitTimeoutException } from '@mikro-orm/core';
import { DirectConnections } from '../../../test/direct-connections.js';
import type { PostgresqlDirectConnection } from '../direct-connection/index.js';
import { isTransientFailure } from '../transient-failure.js';
import { lockForMigration } from './migration-lock.js';

const MIGRATION_LOCK_KEY = 0x686f7374;

// On SQLite it is the lock of the file.
describe(lockForMigration.name, () => {
  let here: DirectConnections;

  beforeAll(async () => {
    here = await DirectConnections.open('postgresql');
  });
  afterAll(() => here.close());

  it('gives up when another has the lock for too long, so that it is tried again', async () => {
    const there = here.connect() as PostgresqlDirectConnection;
    await there.transaction(async (query) => {
      await query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK_KEY]);
      const locking = here.em.transactional((em) => lockForMigration(em, 50));
      const error: unknown = await locking.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(LockWaitTimeoutException);
      expect(isTransientFailure(error)).toBe(true);
    });
    await here.em.transactional((em) => lockForMigration(em, 50));
  });

  it('leaves it to the migrations for how long they wait', async () => {
    await here.em.transactional(async (em) => {
      await em.execute(`set local lock_timeout = '7s'`);
      await lockForMigration(em);
      expect(await em.execute(`select current_setting('lock_timeout') as waits`)).toEqual([{ waits: '7s' }]);
    });
  });
});
