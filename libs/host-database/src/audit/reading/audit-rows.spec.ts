import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { genId, ID_LEAD_MS, SystemClock } from '../../common/index.js';
import { DIRECT_CONNECTION, type DirectConnection, UnitOfWork } from '../../database/index.js';
import { createTestHost, type TestHost } from '../../testing/index.js';
import { firstIdOf } from '../retention/id-ranges.js';
import { checkAuditFilter } from './audit-filter.js';
import { AuditRows } from './audit-rows.js';

describe.each(['sqlite', 'postgresql'] as const)(`${AuditRows.name} on %s`, (database) => {
  let host: TestHost;

  beforeEach(async () => {
    host = await createTestHost({ database });
  });
  afterEach(() => host.close());

  const from = new Date('2024-05-01T12:00:00.000Z');
  const to = new Date('2024-05-01T12:00:01.000Z');

  /** A row of a time whose id is ahead of it. */
  async function insert(time: number, { aheadMs }: { readonly aheadMs: number }): Promise<string> {
    const id = firstIdOf(new Date(time + aheadMs)).slice(0, 12) + genId().slice(12);
    const createdAt = database === 'sqlite' ? time : new Date(time);
    await host.run(() =>
      host.hostDatabase.em.execute(
        `insert into sys_audit_logs (id, event_type, canonical, leaf_hash, created_at) values (?, 'users.signed-in', '{}', ?, ?)`,
        [id, 'a'.repeat(64), createdAt],
      ),
    );
    return id;
  }

  it('finds every row of a time by the ids that it can have', async () => {
    const [begin, end] = [from.getTime(), to.getTime()];
    const wanted = [
      await insert(begin, { aheadMs: 0 }),
      await insert(begin, { aheadMs: ID_LEAD_MS }),
      await insert(end - 1, { aheadMs: ID_LEAD_MS }),
      // The clock was set back between the time and the id.
      await insert(begin, { aheadMs: -1 }),
    ];
    await insert(begin - 1, { aheadMs: 1 });
    await insert(end, { aheadMs: 0 });
    const sut = new AuditRows(host.get(UnitOfWork), host.get<DirectConnection>(DIRECT_CONNECTION), new SystemClock());
    const filter = checkAuditFilter({ scope: 'host', from, to });

    const found = await host.run(() => sut.find(filter, { order: 'oldest', limit: 10 }));

    expect(found.map(({ id }) => id)).toEqual(wanted.toSorted());
    expect(await host.run(() => sut.count(filter))).toBe(wanted.length);
    expect(await sut.findBatch(filter, { order: 'oldest', limit: 10, after: '' })).toEqual(found);
  });

  it('does not go by ids where the times are those of another clock', async () => {
    const id = await insert(from.getTime(), { aheadMs: 365 * 86_400_000 });
    const filter = checkAuditFilter({ scope: 'host', from, to });

    const found = await host.run(() => host.get(AuditRows).find(filter, { order: 'newest', limit: 10 }));

    expect(found.map((row) => row.id)).toEqual([id]);
  });
});
