import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ContextService, genId, GlobalUser, HostAuditLog, type HostContext } from 'nestjs-host-database';
import {
  type AuditEventDefinition,
  type AuditOptions,
  AuditService,
  defineAuditEvents,
  detailsOf,
  InvalidAuditDetailsError,
  UnknownAuditEventTypeError,
} from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { until } from '../support/until.js';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 60);

/** As a schema library would write it. */
const order: AuditEventDefinition<Record<string, unknown>>['details'] = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const { total = 0 } = value as { total?: unknown };
      const issues = [{ message: 'must be a number', path: ['total'] }];
      return typeof total === 'number' ? { value: value as Record<string, unknown> } : { issues };
    },
  },
};

const events = defineAuditEvents({
  'orders.placed': { details: order, targetType: 'order', version: 3 },
  'orders.refused': { details: detailsOf<undefined>() },
});

describe.each(['sqlite', 'postgresql'] as const)('recording on %s', (database) => {
  let host: TestHost;
  let sut: AuditService;

  const start = async (audit: Partial<AuditOptions> = {}) => {
    host = await createTestHost({ database, options: { audit: { events: [events], ...audit } } });
    sut = host.get(AuditService);
  };
  beforeEach(() => start());
  afterEach(() => host.close());

  /** Without those of users, which are recorded by themselves. */
  const rows = () =>
    host.run(() => host.hostDatabase.auditLogs.find({ eventType: { $like: 'orders.%' } }, { orderBy: { id: 'asc' } }));
  const users = () => host.run(() => host.hostDatabase.globalUsers.count());
  const as = <T>(context: HostContext, work: () => Promise<T>) => host.get(ContextService).run(context, () => host.run(work));
  const place = (details: Record<string, unknown> = {}) =>
    sut.recordUnchecked({ eventType: 'orders.placed', targetId: 'order-1', details });

  it('takes who is asking, for whom, from where and in which request from the context', async () => {
    const context = {
      actorUserId: genId(),
      impersonatorUserId: genId(),
      tenantId: genId(),
      requestId: 'r-1',
      ipAddress: '192.0.2.7',
      userAgent: 'curl/8',
    };
    const returned = await as(context, () => place({ total: 3 }));
    const [row] = await rows();
    expect(row).toMatchObject({
      ...context,
      eventType: 'orders.placed',
      schemaVersion: 3,
      targetType: 'order',
      outcome: 'success',
    });
    expect(returned).toBeInstanceOf(HostAuditLog);
    expect(Object.fromEntries(Object.entries(returned))).toEqual(Object.fromEntries(Object.entries(row ?? {})));
  });

  it.each([
    ['full', '192.0.2.7'],
    ['network', '192.0.2.0'],
    ['none', null],
  ] as const)('keeps of an address what it is told: %s', async (ipAddress, kept) => {
    await host.close();
    await start({ ipAddress });
    await as({ ipAddress: '192.0.2.7' }, () => place());
    expect(await rows()).toMatchObject([{ ipAddress: kept }]);
  });

  it('hashes what is read back, whatever the details are', async () => {
    const json = fc.dictionary(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }).filter((value) => !JSON.stringify(value).includes('\\u0000')),
      { maxKeys: 5 },
    );
    const storable = json.filter((value) => !JSON.stringify(value).includes('\\u0000'));
    const examples = [
      [{}],
      [{ n: [2 ** 53, 2 ** 53 - 1, -0, 1e2, 1e21, 5e-324] }],
      [{ at: '2026-10-25T01:30:00+02:00', empty: [{}, []] }],
    ];
    await fc.assert(
      fc.asyncProperty(storable, async (details) => {
        const { total: _, ...rest } = details;
        const written = await host.run(() => place(rest));
        const read = await host.run(() => host.hostDatabase.auditLogs.findOneOrFail(written.id));
        const hash = createHash('sha256').update(Buffer.of(0)).update(read.canonical, 'utf8').digest('hex');
        expect(read.leafHash).toBe(hash);
        expect(read.leafHash).toBe(written.leafHash);
        expect(JSON.parse(read.canonical)).toMatchObject({
          id: read.id,
          details: read.details,
          createdAt: read.createdAt.toISOString(),
        });
      }),
      { numRuns: RUNS, examples: examples as [Record<string, unknown>][] },
    );
  });

  it('lets no secret into a row', async () => {
    await host.run(() => place({ password: 'hunter2', nested: { url: 'postgres://a:hunter2@b/c' } }));
    const [row] = await rows();
    expect(JSON.stringify(row)).not.toContain('hunter2');
    expect(row?.details).toEqual({ password: '[redacted]', nested: { url: '[redacted]' } });
  });

  it('refuses what the catalogue does not know, and details of another shape, with the change', async () => {
    const withChange = (record: () => Promise<unknown>) =>
      host.run(() =>
        host.hostDatabase.transactional(async (em) => {
          em.create(GlobalUser, { email: `${genId()}@example.com` });
          await em.flush();
          await record();
        }),
      );
    await expect(withChange(() => sut.recordUnchecked({ eventType: 'orders.plcaed' }))).rejects.toThrow(
      UnknownAuditEventTypeError,
    );
    await expect(withChange(() => place({ total: 'three' }))).rejects.toThrow(InvalidAuditDetailsError);
    expect([await users(), await rows()]).toEqual([0, []]);
    await withChange(() => place({ total: 3 }));
    expect([await users(), (await rows()).length]).toEqual([1, 1]);
  });

  it('makes no change whose row cannot be written', async () => {
    const change = () =>
      host.run(() =>
        host.hostDatabase.transactional(async (em) => {
          em.create(GlobalUser, { email: `${genId()}@example.com` });
          await em.flush();
          await place();
        }),
      );
    // What the trigger of the log writes to.
    const rename = (from: string, to: string) =>
      host.run(() => host.hostDatabase.em.execute(`alter table ${from} rename to ${to}`));
    await rename('sys_audit_unsealed', 'elsewhere');
    if (database === 'sqlite') {
      // SQLite rewrites the trigger with the table: a table that refuses does the same.
      await host.run(() =>
        host.hostDatabase.em.execute(`create trigger no_more before insert on elsewhere begin select raise(abort, 'full'); end`),
      );
    }
    await expect(change()).rejects.toMatchObject({ name: expect.stringMatching(/Exception$|Error$/) });
    expect([await users(), await rows()]).toEqual([0, []]);
    if (database === 'sqlite') await host.run(() => host.hostDatabase.em.execute('drop trigger no_more'));
    await rename('elsewhere', 'sys_audit_unsealed');
    await change();
    expect([await users(), (await rows()).length]).toEqual([1, 1]);
  });

  it.each(['actorUserId', 'tenantId'] as const)('refuses a %s that is no id', async (field) => {
    for (const value of ['a'.repeat(33), '', 'ada']) {
      const event = { eventType: 'orders.refused', [field]: value };
      await expect(host.run(() => sut.recordUnchecked(event))).rejects.toMatchObject({ code: 'COMMON_INVALID_ID' });
      await expect(as({ [field]: value }, () => sut.recordUnchecked({ eventType: 'orders.refused' }))).rejects.toMatchObject({
        code: 'COMMON_INVALID_ID',
      });
    }
    expect(await rows()).toEqual([]);
  });

  describe('recordDetached()', () => {
    it('stays when the transaction it was called in is rolled back', async () => {
      const denied = host.run(() =>
        host.hostDatabase.transactional(async () => {
          await place({ total: 1 });
          await sut.recordDetachedUnchecked({ eventType: 'orders.refused', outcome: 'denied', targetId: 'order-1' });
          throw new Error('denied');
        }),
      );
      await expect(denied).rejects.toThrow('denied');
      await until(async () => (await rows()).length > 0);
      expect(await rows()).toMatchObject([{ eventType: 'orders.refused', outcome: 'denied' }]);
    });

    it('is there when it resolves, outside of a transaction', async () => {
      const { id } = await host.run(() => sut.recordDetachedUnchecked({ eventType: 'orders.refused', outcome: 'failure' }));
      const [row] = await rows();
      expect(row).toMatchObject({ id, outcome: 'failure' });
      expect(row?.leafHash).toBe(createHash('sha256').update(`\0${row?.canonical}`, 'utf8').digest('hex'));
    });

    it('is written once a transaction has ended that commits, too', async () => {
      await host.run(() =>
        host.hostDatabase.transactional(() => sut.recordDetachedUnchecked({ eventType: 'orders.refused', outcome: 'denied' })),
      );
      await until(async () => (await rows()).length === 1);
      expect(await rows()).toHaveLength(1);
    });
  });
});
