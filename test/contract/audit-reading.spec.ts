import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContextService, genId } from 'nestjs-host-database';
import { type AuditPage, type AuditPageOptions, type AuditFilter, AuditReader } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { readingEvents, recordRow, recordRows } from '../support/audit-reading.js';

const HOUR_MS = 3_600_000;

describe.each(['sqlite', 'postgresql'] as const)(`${AuditReader.name} on %s`, (database) => {
  let host: TestHost;
  let sut: AuditReader;

  beforeAll(async () => {
    host = await createTestHost({ database, options: { audit: { events: [readingEvents] } } });
    sut = host.get(AuditReader);
  });
  afterAll(async () => {
    await host.close();
  });

  const find = (options: AuditFilter & AuditPageOptions) => host.run(() => sut.find(options));
  const idsOf = ({ rows }: AuditPage) => rows.map(({ id }) => id);

  /** The ids of all pages; `between` is called after each page. */
  async function findAll(options: AuditFilter & AuditPageOptions, between?: () => Promise<unknown>): Promise<string[]> {
    const ids: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await find({ ...options, ...(after !== undefined && { after }) });
      ids.push(...idsOf(page));
      after = page.next;
      if (after === undefined) return ids;
      await between?.();
    }
  }

  describe('find', () => {
    it('returns whole entries', async () => {
      const [tenantId, actorUserId, targetId] = [genId(), genId(), genId()];
      const details = { nested: { list: [1, 'two', null] }, empty: {} };
      const context = { ipAddress: '192.0.2.7', userAgent: 'curl/8', requestId: 'request-1' };
      const id = await host.get(ContextService).run(context, () => recordRow(host, { tenantId, actorUserId, targetId, details }));

      expect((await find({ scope: tenantId })).rows).toEqual([
        {
          id,
          tenantId,
          actorUserId,
          targetId,
          details,
          ...context,
          targetType: 'shelf',
          impersonatorUserId: null,
          eventType: 'shelves.opened',
          schemaVersion: 1,
          outcome: 'success',
          createdAt: host.clock.now(),
          leafHash: expect.stringMatching(/^[\da-f]{64}$/),
        },
      ]);
    });

    it.each(['newest', 'oldest'] as const)('gives each row once, the %s first, while rows are added', async (order) => {
      const tenantId = genId();
      const ids = await recordRows(host, 25, { tenantId });

      const found = await findAll({ scope: tenantId, order, limit: 4 }, () => recordRow(host, { tenantId }));

      expect(found).toEqual([...new Set(found)]);
      expect(found).toEqual(order === 'newest' ? found.toSorted().toReversed() : found.toSorted());
      expect(found.filter((id) => ids.includes(id))).toHaveLength(25);
      // Those that came later are after the last one: only who goes that way meets them.
      expect(found.length > 25).toBe(order === 'oldest');
    });

    it('has no next page after the last row', async () => {
      const tenantId = genId();
      await recordRows(host, 4, { tenantId });
      const first = await find({ scope: tenantId, limit: 2 });
      const second = await find({ scope: tenantId, limit: 2, after: first.next ?? '' });

      expect([first.rows.length, second.rows.length, second.next]).toEqual([2, 2, undefined]);
    });

    it('finds by each field, and by all of them at once', async () => {
      const [tenantId, actorUserId, targetId] = [genId(), genId(), genId()];
      const wanted = { tenantId, actorUserId, targetId, eventType: 'shelves.closed', outcome: 'denied' } as const;
      const id = await recordRow(host, wanted);
      const others = [
        { ...wanted, tenantId: genId() },
        { ...wanted, actorUserId: genId() },
        { ...wanted, targetId: genId() },
        { ...wanted, eventType: 'shelves.opened' as const },
        { ...wanted, outcome: 'failure' as const },
      ];
      const [otherTenant, otherActor, otherTarget, otherType, otherOutcome] = await Promise.all(
        others.map((other) => recordRow(host, other)),
      );
      const all = [id, otherTenant, otherActor, otherTarget, otherType, otherOutcome].map(String);
      const without = (missing: string | undefined) => all.filter((other) => other !== missing).toSorted();
      const among = async (filter: AuditFilter) => (await findAll(filter)).filter((found) => all.includes(found)).toSorted();

      expect(await among({ scope: tenantId })).toEqual(without(otherTenant));
      expect(await among({ scope: 'all', actorUserId })).toEqual(without(otherActor));
      expect(await among({ scope: 'all', targetId })).toEqual(without(otherTarget));
      expect(await among({ scope: 'all', eventType: 'shelves.closed' })).toEqual(without(otherType));
      expect(await among({ scope: 'all', outcome: 'denied' })).toEqual(without(otherOutcome));
      const { tenantId: scope, ...fields } = wanted;
      expect(await among({ scope, ...fields })).toEqual([id]);
    });

    it('finds several event types and all of a room, in one order over all pages', async () => {
      const tenantId = genId();
      const ids: string[] = [];
      for (const eventType of ['shelves.opened', 'ladders.moved', 'shelves.closed', 'ladders.moved'] as const) {
        ids.push(...(await recordRows(host, 3, { tenantId, eventType })));
      }
      const newestFirst = ids.toReversed();
      const shelves = [...ids.slice(0, 3), ...ids.slice(6, 9)].toReversed();

      expect(await findAll({ scope: tenantId, eventType: 'shelves.*', limit: 2 })).toEqual(shelves);
      expect(await findAll({ scope: tenantId, eventType: ['ladders.moved', 'shelves.*'], limit: 5 })).toEqual(newestFirst);
      expect(await findAll({ scope: tenantId, eventType: ['shelves.closed', 'shelves.opened'], order: 'oldest' })).toEqual(
        shelves.toReversed(),
      );
      expect(await findAll({ scope: tenantId, eventType: 'shelv.*' })).toEqual([]);
    });

    it('finds what was recorded from one moment on and before another, by the clock of the application', async () => {
      const tenantId = genId();
      const ids: string[] = [];
      const times: Date[] = [];
      for (let hour = 0; hour < 4; hour++) {
        host.clock.advance(HOUR_MS);
        times.push(host.clock.now());
        ids.push(await recordRow(host, { tenantId }));
      }

      expect(await findAll({ scope: tenantId, from: times[1]!, to: times[3]!, order: 'oldest' })).toEqual(ids.slice(1, 3));
      expect(await host.run(() => sut.count({ scope: tenantId, from: times[2]! }))).toBe(2);
    });

    it("shows the host's own rows as a scope of their own", async () => {
      const [ofHost, ofTenant] = [await recordRow(host, { tenantId: null }), await recordRow(host, { tenantId: genId() })];

      expect(await findAll({ scope: 'host', limit: 3 })).toEqual(expect.arrayContaining([ofHost]));
      expect(await findAll({ scope: 'host', limit: 3 })).not.toContain(ofTenant);
      expect(await findAll({ scope: 'all' })).toEqual(expect.arrayContaining([ofHost, ofTenant]));
    });

    it('refuses a cursor of another filter or order, and what is none', async () => {
      const tenantId = genId();
      await recordRows(host, 3, { tenantId });
      const { next = '' } = await find({ scope: tenantId, limit: 1 });

      expect((await find({ scope: tenantId, limit: 2, after: next })).rows).toHaveLength(2);
      for (const other of [
        { scope: genId(), after: next },
        { scope: 'all', after: next },
        { scope: tenantId, outcome: 'denied', after: next },
        { scope: tenantId, order: 'oldest', after: next },
        { scope: tenantId, after: `${next}A` },
        { scope: tenantId, after: "' or 1=1 --" },
        { scope: tenantId, after: '' },
      ] as const) {
        await expect(find(other)).rejects.toMatchObject({ code: 'AUDIT_INVALID_CURSOR' });
      }
    });

    it('refuses a filter that is none, rather than to show everything', async () => {
      const scope = genId();
      const invalid = [
        [{ scope: undefined }, 'COMMON_INVALID_ID'],
        [{ scope: '%' }, 'COMMON_INVALID_ID'],
        [{ scope, limit: 0 }, 'COMMON_INVALID_INPUT'],
        [{ scope, limit: 1_001 }, 'COMMON_INVALID_INPUT'],
        [{ scope, eventType: [] }, 'COMMON_INVALID_INPUT'],
        [{ scope, outcome: 'perhaps' }, 'COMMON_INVALID_INPUT'],
        [{ scope, order: 'random' }, 'COMMON_INVALID_INPUT'],
        [{ scope, from: new Date('no') }, 'COMMON_INVALID_INPUT'],
        [{ scope, from: new Date('+010000-01-01') }, 'COMMON_INVALID_INPUT'],
        [{ scope, to: new Date('-000001-01-01') }, 'COMMON_INVALID_INPUT'],
      ] as const;
      for (const [filter, code] of invalid) await expect(find(filter as AuditFilter)).rejects.toMatchObject({ code });
    });
  });

  describe('forTenant', () => {
    it("never sees another tenant's row, nor the host's", async () => {
      const [own, other, targetId] = [genId(), genId(), genId()];
      const id = await recordRow(host, { tenantId: own, targetId });
      const foreign = [await recordRow(host, { tenantId: other, targetId }), await recordRow(host, { tenantId: null, targetId })];
      const reader = sut.forTenant(own);
      // What a request body might smuggle in.
      const wider = { targetId, scope: 'all', tenantId: other };

      expect(idsOf(await host.run(() => reader.find({ targetId })))).toEqual([id]);
      expect(idsOf(await host.run(() => reader.find(wider)))).toEqual([id]);
      expect(await host.run(() => reader.count(wider))).toBe(1);
      // They are there for whoever may see them.
      expect(await findAll({ scope: 'all', targetId, order: 'oldest' })).toEqual([id, ...foreign]);
    });

    it("does not take a cursor of another tenant's reader", async () => {
      const [own, other] = [genId(), genId()];
      await recordRows(host, 2, { tenantId: other });
      const { next = '' } = await host.run(() => sut.forTenant(other).find({ limit: 1 }));

      await expect(host.run(() => sut.forTenant(own).find({ after: next }))).rejects.toMatchObject({
        code: 'AUDIT_INVALID_CURSOR',
      });
    });

    it('refuses what is no id', () => {
      expect(() => sut.forTenant('all')).toThrow(expect.objectContaining({ code: 'COMMON_INVALID_ID' }));
    });
  });
});
