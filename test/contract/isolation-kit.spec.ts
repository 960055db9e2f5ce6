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
import { LeakyApp, Note, SharedCache } from '../support/leaky-app.js';
import { type Leak, LEAKS, Mistake } from '../support/leaky-mistakes.js';

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
  'link-without-membership': 'foreign-row',
  'membership-without-check': 'foreign-row',
  'rename-without-membership': 'foreign-row',
  'name-without-membership': 'open-door',
  'name-for-everybody': 'no-door',
  'tenant-from-a-header': 'open-door',
  'tenant-from-a-public-slug': 'no-door',
};

describe.each(['sqlite', 'postgresql'] as const)('assertIsolated on %s', (database) => {
  let host: TestHost;
  let visitors: [ProbeVisitor, ProbeVisitor];
  const slugs = new Map<string, string>();

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    host = await createTestHost({
      database,
      imports: [LeakyApp],
      options: { tenantDatabases: { entities: [Note] } },
      http: (module) => module.createNestApplication({ logger: false }),
    });
    const visitor = async (slug: string): Promise<ProbeVisitor> => {
      const owner = await host.newUser();
      const { id: tenantId } = await host.newTenant({ slug, ownerId: owner.id });
      slugs.set(tenantId, slug);
      return { tenantId, headers: { 'x-user': owner.id } };
    };
    visitors = [await visitor('acme'), await visitor('globex')];
  });
  afterAll(async () => {
    await host.close();
    jest.restoreAllMocks();
  });
  beforeEach(async () => {
    host.get(Mistake).made = 'none';
    host.get(SharedCache).clear();
    await host.run(async () => {
      await host.hostDatabase.systemJobs.nativeDelete({});
      host.hostDatabase.em.remove(await host.hostDatabase.memberships.find({ role: 'member' }));
    });
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
      { method: 'POST', path: `/workspaces/${tenantId}/links` },
      { method: 'POST', path: `/workspaces/${tenantId}/members` },
      { method: 'POST', path: `/workspaces/${tenantId}/rename` },
      { method: 'POST', path: '/inbox', body: { tenantId, text: 'from the inbox' } },
    ],
    streams: ({ tenantId }) => [{ path: `/workspaces/${tenantId}/events` }],
    stores: [{ name: 'the cache', entries: () => host.get(SharedCache) }],
    faults: host.faults,
    rounds: 3,
    ...rest,
  });
  /** The tenant is also said in headers, by its id and by its slug. */
  const inHeaders = (): Partial<IsolationProbe> => {
    const saying = ({ tenantId, headers }: ProbeVisitor) => ({ tenantId, headers: { ...headers, 'x-tenant-id': tenantId } });
    return {
      visitors: [saying(visitors[0]), saying(visitors[1])],
      tenantHeaders: ({ tenantId }) => ({ host: `${slugs.get(tenantId)}.example.com` }),
      streams: () => [],
      rounds: 1,
    };
  };
  /** What some of the mistakes need to be found. */
  const needs = (leak: Leak): Partial<IsolationProbe> => {
    // Two requests have to meet in the one place where it matters.
    if (leak === 'last-tenant-in-a-field') return { rounds: 20 };
    return /header|slug/.test(leak) ? inHeaders() : {};
  };
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
      '/current/notes',
      '/current/site',
      '/workspaces/:tenantId/name',
      '/workspaces/:tenantId/notes',
      '/workspaces/:tenantId/notes/:id',
      '/workspaces/:tenantId/summary',
      '/workspaces/:tenantId/teaser',
    ]);
  });

  it.each(LEAKS)('finds %s', async (leak) => {
    const leaks = await leaksOf(leak, needs(leak));
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

  it('finds nothing where the tenant is said in headers, and kept apart', async () => {
    expect(await leaksOf('none', inHeaders())).toEqual([]);
  });

  it('says which rows of the host were changed, and which answer a header has led to', async () => {
    const [first] = visitors;
    const linked = await leaksOf('link-without-membership', { streams: () => [], rounds: 1 });
    expect(new Set(linked.map(({ kind, where }) => `${kind}: ${where}`))).toEqual(
      new Set([
        "foreign-row: table note_related, which the other's requests changed",
        'foreign-row: table note_related, which nobody changed',
      ]),
    );
    const led = await leaksOf('tenant-from-a-header', inHeaders());
    expect(led).toContainEqual({
      kind: 'open-door',
      ofTenantId: first.tenantId,
      where: 'GET /current/notes with the headers of the other tenant answered 200',
    });
    const renamed = await leaksOf('rename-without-membership', { streams: () => [], rounds: 1 });
    expect(new Set(renamed.map(({ kind, where }) => `${kind}: ${where}`))).toEqual(
      new Set([
        "foreign-row: host table core_tenants, which the other's requests changed",
        'foreign-row: host table core_tenants, which nobody changed',
      ]),
    );
    // The last one: they are members from then on.
    const changed = await leaksOf('membership-without-check', { streams: () => [], rounds: 1 });
    expect(changed).toContainEqual({
      kind: 'foreign-row',
      ofTenantId: first.tenantId,
      where: "host table core_memberships, which the other's requests changed",
    });
  });

  it('does not take a tenant for changed because somebody has noted which tables it has', async () => {
    expect(await leaksOf('version-noted', { streams: () => [], rounds: 1 })).toEqual([]);
    // Each visitor has done so for themselves and for the other.
    expect(host.get(Mistake).notes).toBeGreaterThanOrEqual(4);
  });

  it('lets public paths name a tenant, but not show its data', async () => {
    const isPublic = { public: (path: string) => /\/(name|teaser)$/.test(path), streams: () => [], rounds: 1 };
    expect(await leaksOf('name-for-everybody', isPublic)).toEqual([]);
    expect((await leaksOf('public-route', isPublic)).map(({ kind }) => kind)).toContain('no-door');
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
