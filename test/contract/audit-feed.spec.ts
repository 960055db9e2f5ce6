import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { AuditFeed } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { readingEvents, recordRow, recordRows, sealRows } from '../support/audit-reading.js';

const signer = { keyId: 'test', sign: () => new Uint8Array(64) };
const sealing = { signer, publicKeys: { test: '' }, verifyAt: false } as const;

describe.each(['sqlite', 'postgresql'] as const)(`${AuditFeed.name} on %s`, (database) => {
  let host: TestHost;
  let sut: AuditFeed;

  beforeEach(async () => {
    host = await createTestHost({ database, options: { audit: { events: [readingEvents], sealing } } });
    sut = host.get(AuditFeed);
  });
  afterEach(async () => {
    await host.close();
  });

  const read = (options: { after?: string; limit?: number } = {}) => host.run(() => sut.read(options));

  /** Follows the feed from a cursor to where nothing is new. */
  async function follow(limit: number, from?: string) {
    const pages: string[][] = [];
    for (let cursor = from; ;) {
      const page = await read({ limit, ...(cursor !== undefined && { after: cursor }) });
      cursor = page.cursor;
      if (page.events.length === 0) return { ids: pages.flat(), pages, cursor };
      pages.push(page.events.map(({ id }) => id));
    }
  }

  it.each([1, 2, 3, 100])('hands out all that is sealed, each once, %d at a time', async (limit) => {
    const tenantId = genId();
    const ofTenant = await recordRows(host, 5, { tenantId });
    const ofHost = await recordRows(host, 2, { tenantId: null });
    await sealRows(host, { scope: tenantId, seq: 1, ids: ofTenant.slice(0, 4) });
    await sealRows(host, { scope: 'host', seq: 1, ids: ofHost });
    await sealRows(host, { scope: tenantId, seq: 2, ids: ofTenant.slice(4) });

    const { ids, pages } = await follow(limit);

    expect(ids).toEqual([...ofTenant.slice(0, 4), ...ofHost, ...ofTenant.slice(4)]);
    expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(limit);
  });

  it('begins with nothing, and goes on from there', async () => {
    const empty = await read();
    expect(empty.events).toEqual([]);
    const id = await recordRow(host);
    expect((await read({ after: empty.cursor })).events).toEqual([]);

    await sealRows(host, { scope: 'host', seq: 1, ids: [id] });

    expect((await read({ after: empty.cursor })).events).toEqual([expect.objectContaining({ id, eventType: 'shelves.opened' })]);
  });

  it('does not pass by a row whose transaction was committed late', async () => {
    const [slow, quick] = await recordRows(host, 2);
    await sealRows(host, { scope: 'host', seq: 1, ids: [quick!] });
    const first = await follow(10);
    expect(first.ids).toEqual([quick]);

    await sealRows(host, { scope: 'host', seq: 2, ids: [slow!] });

    expect(slow! < quick!).toBe(true);
    expect((await follow(10, first.cursor)).ids).toEqual([slow]);
  });

  it('hands out again what was not acknowledged', async () => {
    const ids = await recordRows(host, 3);
    await sealRows(host, { scope: 'host', seq: 1, ids });
    const { cursor } = await read({ limit: 1 });

    expect((await follow(10, cursor)).ids).toEqual(ids.slice(1));
    expect((await follow(10, cursor)).ids).toEqual(ids.slice(1));
  });

  it('goes on behind rows that retention has removed', async () => {
    const [wholly, partly] = [
      [genId(), genId()],
      [genId(), genId(), genId()],
    ];
    const ids = await recordRows(host, 3);
    await sealRows(host, { scope: 'host', seq: 1, ids: wholly });
    await sealRows(host, { scope: 'host', seq: 2, ids: [...partly, ids[0]!] });
    await sealRows(host, { scope: 'host', seq: 3, ids: ids.slice(1) });
    const insert = 'insert into sys_audit_purges (id, purged_through, rows, purged_at) values (?, ?, 5, ?)';
    const purgedAt = database === 'sqlite' ? 0 : new Date(0);
    await host.run(() => host.hostDatabase.em.execute(insert, [genId(), ids[0], purgedAt]));

    expect((await follow(2)).pages).toEqual([[ids[0]], ids.slice(1)]);
    expect((await read({ limit: 2 })).events.map(({ id }) => id)).toEqual([ids[0]]);
  });

  it('refuses what is no cursor, and more than it gives', async () => {
    await expect(read({ after: 'yesterday' })).rejects.toMatchObject({ code: 'AUDIT_INVALID_CURSOR' });
    await expect(read({ limit: 1_001 })).rejects.toMatchObject({ code: 'COMMON_INVALID_INPUT' });
  });
});

describe(`${AuditFeed.name} of a log that is not sealed`, () => {
  let host: TestHost;

  afterAll(async () => {
    await host.close();
  });

  it('says so', async () => {
    host = await createTestHost();

    await expect(host.run(() => host.get(AuditFeed).read())).rejects.toMatchObject({ code: 'AUDIT_FEED_NOT_SEALED' });
  });
});
