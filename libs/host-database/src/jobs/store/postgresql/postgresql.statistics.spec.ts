import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JobStoreFixture } from '../../../../test/jobs/job-store-fixture.js';
import { PostgresqlJobStore } from './postgresql.job-store.js';

// SQLite has no snapshot that a long transaction could hold.
describe(`${PostgresqlJobStore.name}: statistics`, () => {
  let fixture: JobStoreFixture;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open('postgresql');
  });
  afterAll(() => fixture.close());

  it('names the transaction that keeps dead rows from being removed, as long as there is one', async () => {
    await fixture.transactional(async (em) => {
      await em.execute('set transaction isolation level repeatable read');
      const [row] = await em.execute<{ pid: number }[]>('select pg_backend_pid() as pid');
      const { oldestTransaction } = await fixture.store.statistics();
      expect(oldestTransaction).toMatchObject({
        pid: row?.pid,
        state: 'idle in transaction',
        applicationName: expect.any(String),
      });
      expect(oldestTransaction?.ageMs).toBeGreaterThanOrEqual(0);
    });
    expect((await fixture.store.statistics()).oldestTransaction).toBeUndefined();
  });
});
