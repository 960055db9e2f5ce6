import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { TenantAccessDeniedError } from 'nestjs-host-database/access';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import {
  assertIsolated,
  createTestHost,
  InjectedFaultError,
  type IsolationProbe,
  type ProbeVisitor,
  type TestHost,
  TenantLeakError,
  type TenantLeakKind,
  VacuousProbeError,
} from 'nestjs-host-database/testing';
import { type Leak, LeakyApp, LEAKS, Mistake, Note, SharedCache } from '../support/leaky-app.js';

/** How each mistake is found. */
const FOUND_AS: Readonly<Record<(typeof LEAKS)[number], TenantLeakKind>> = {
  'memo-without-tenant': 'foreign-answer',
  'last-tenant-in-a-field': 'foreign-answer',
  'route-without-membership': 'open-door',
  'tenant-from-the-body': 'foreign-row',
  'public-route': 'no-door',
  'fallback-database': 'foreign-fallback',
  'job-without-tenant': 'job-without-tenant',
  'broadcast-stream': 'foreign-event',
  'public-cache-header': 'shared-cache-header',
  'index-of-all-tenants': 'open-door',
  'cache-key-without-tenant': 'shared-key',
  'write-without-membership': 'foreign-row',
};

describe.each(['sqlite', 'postgresql'] as const)('assertIsolated on %s', (database) => {
  let host: TestHost;
  let visitors: [ProbeVisitor, ProbeVisitor];

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    host = await createTestHost({
      database,
      imports: [LeakyApp],
      options: { tenantDatabases: { entities: [Note] } },
      http: (module) => module.createNestApplication({ logger: false }),
    });
    const { a, b } = await host.newTwoTenants();
    visitors = [
      { tenantId: a.tenant.id, headers: { 'x-user': a.owner.id } },
      { tenantId: b.tenant.id, headers: { 'x-user': b.owner.id } },
    ];
  });
  afterAll(async () => {
    await host.close();
    jest.restoreAllMocks();
  });
  beforeEach(async () => {
    host.get(Mistake).made = 'none';
    host.get(SharedCache).clear();
    await host.run(() => host.hostDatabase.systemJobs.nativeDelete({}));
    for (const { tenantId } of visitors) await host.get(TenantDatabases).run(tenantId, (em) => em.nativeDelete(Note, {}));
  });

  const post = async (path: string, body: unknown, { headers }: ProbeVisitor) => {
    const response = await fetch((await host.app.getUrl()) + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(201);
  };
  const probe = (rest: Partial<IsolationProbe> = {}): IsolationProbe => ({
    visitors,
    plant: (visitor, canary) => post(`/workspaces/${visitor.tenantId}/notes`, { text: canary }, visitor),
    requests: ({ tenantId }) => [
      { path: `/workspaces/${tenantId}/notes` },
      { path: `/workspaces/${tenantId}/summary` },
      { method: 'POST', path: `/workspaces/${tenantId}/quick-notes` },
      { method: 'POST', path: '/inbox', body: { tenantId, text: 'from the inbox' } },
    ],
    streams: ({ tenantId }) => [{ path: `/workspaces/${tenantId}/events` }],
    stores: [{ name: 'the cache', entries: () => host.get(SharedCache) }],
    faults: host.faults,
    rounds: 3,
    ...rest,
  });
  const leaksOf = async (leak: Leak, rest?: Partial<IsolationProbe>) => {
    host.get(Mistake).made = leak;
    const error = await assertIsolated(host.app, probe(rest)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error !== undefined && !(error instanceof TenantLeakError)) throw error;
    return error?.leaks ?? [];
  };

  it('finds nothing in an application that keeps its tenants apart, and says what it has looked at', async () => {
    const report = await assertIsolated(host.app, probe());
    expect(report.requests).toBeGreaterThan(50);
    expect(report.ownAnswers).toBeGreaterThan(6);
    expect(report.routes.toSorted()).toEqual([
      '/workspaces/:tenantId/notes',
      '/workspaces/:tenantId/notes/:id',
      '/workspaces/:tenantId/summary',
      '/workspaces/:tenantId/teaser',
    ]);
  });

  it.each(LEAKS)('finds %s', async (leak) => {
    // Two requests have to meet in the one place where it matters.
    const leaks = await leaksOf(leak, leak === 'last-tenant-in-a-field' ? { rounds: 20 } : {});
    expect(leaks.map(({ kind }) => kind)).toContain(FOUND_AS[leak]);
  });

  it('says where each leak is', async () => {
    const [first, second] = visitors;
    const leaks = await leaksOf('public-route', { streams: () => [] });
    expect(leaks).toContainEqual({
      kind: 'no-door',
      ofTenantId: second.tenantId,
      where: `GET /workspaces/${second.tenantId}/teaser answered 200`,
    });
    const { message } = new TenantLeakError(leaks);
    expect(message).toContain(`no-door: GET /workspaces/${first.tenantId}/teaser answered 200`);
  });

  it('refuses a probe that would find nothing whatever happened', async () => {
    const blind = probe({ requests: () => [{ path: '/inbox' }] });
    await expect(assertIsolated(host.app, blind)).rejects.toThrow(VacuousProbeError);
    const alone = probe({ visitors: [visitors[0], visitors[0]] });
    await expect(assertIsolated(host.app, alone)).rejects.toThrow(VacuousProbeError);
  });

  describe('the faults of the test host', () => {
    const count = (tenantId: string) => host.get(TenantDatabases).run(tenantId, (em) => em.count(Note));

    it('let the statements of one tenant fail until they are healed', async () => {
      const [a, b] = visitors.map(({ tenantId }) => tenantId) as [string, string];
      const heal = host.faults.fail({ tenantId: a });
      await expect(count(a)).rejects.toThrow(InjectedFaultError);
      expect(await count(b)).toBe(0);
      heal();
      expect(await count(a)).toBe(0);
    });

    it('fail as often as was said, and those of the host by its name', async () => {
      const [{ tenantId }] = visitors;
      host.faults.fail({ tenantId: 'host', sql: /core_users/, times: 1, error: new TenantAccessDeniedError(tenantId) });
      const users = () => host.run(() => host.hostDatabase.globalUsers.count());
      await expect(users()).rejects.toThrow(TenantAccessDeniedError);
      expect(await users()).toBe(2);
      host.faults.fail();
      await expect(users()).rejects.toThrow(InjectedFaultError);
      host.faults.heal();
      expect(await users()).toBe(2);
    });

    it('hold statements until they are released', async () => {
      const [{ tenantId }] = visitors;
      const held = host.faults.hold({ tenantId, sql: /count/i });
      const counting = count(tenantId);
      await held.reached;
      expect(held.count).toBe(1);
      held.release();
      expect(await counting).toBe(0);
      expect(await count(tenantId)).toBe(0);
    });
  });
});
