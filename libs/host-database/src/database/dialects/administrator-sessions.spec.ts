import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LockWaitTimeoutException } from '@mikro-orm/core';
import { scratchDatabase } from '../../../test/scratch-database.js';
import { DatabaseSettings } from '../database-settings.js';
import { AdministratorSessions } from './administrator-sessions.js';
import { PostgresqlAdministration } from './postgresql-administration.js';

// SQLite has no administrators.
describe(AdministratorSessions.name, () => {
  let settings: DatabaseSettings;
  let place: DatabaseSettings;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const scratch = await scratchDatabase('postgresql');
    place = DatabaseSettings.from(scratch.options);
    settings = DatabaseSettings.from({ url: process.env.TEST_DB_URL ?? '' });
    drop = scratch.drop;
    await new PostgresqlAdministration({ settings }).create(place);
  });
  afterAll(() => drop());

  const where = 'select current_database() as name';

  it('changes privileges on one database one after the other, and gives up when the other takes too long', async () => {
    const [first, second] = [new AdministratorSessions({ settings }), new AdministratorSessions({ settings }, 50)];
    await first.changingPrivileges(place.name, async (session) => {
      expect(await session.execute(where)).toEqual([{ name: place.name }]);
      const waiting = second.changingPrivileges(place.name, () => Promise.resolve('changed'));
      await expect(waiting).rejects.toBeInstanceOf(LockWaitTimeoutException);
      expect(await second.changingPrivileges(undefined, (other) => other.execute(where))).toEqual([{ name: settings.name }]);
    });
    expect(await second.changingPrivileges(place.name, () => Promise.resolve('changed'))).toBe('changed');
  });

  it('changes privileges for many at once without waiting for itself', async () => {
    const sut = new AdministratorSessions({ settings });
    const changes = Array.from({ length: 9 }, () => sut.changingPrivileges(place.name, (session) => session.execute(where)));
    expect(await Promise.all(changes)).toEqual(changes.map(() => [{ name: place.name }]));
  });

  it('takes back what was done when it fails', async () => {
    const sut = new AdministratorSessions({ settings });
    const failing = sut.changingPrivileges(place.name, async (session) => {
      await session.execute('create table half_done (id int)');
      throw new Error('no further');
    });
    await expect(failing).rejects.toThrow('no further');
    const tables = await sut.run((session) => session.execute(`select to_regclass('half_done') as name`), place.name);
    expect(tables).toEqual([{ name: null }]);
  });
});
