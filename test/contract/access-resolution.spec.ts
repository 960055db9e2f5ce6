import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { ContextService, genId } from 'nestjs-host-database';
import { AccessGuardModule, CurrentTenant, TenantAccess, TenantResolver, TenantRoute } from 'nestjs-host-database/access';
import { TenantDirectory, TenantDomain, type TenantRecord, TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import request from 'supertest';
import { accessHttp, HeaderAuthentication } from '../support/access-app.js';

@TenantRoute()
@Controller()
class PlacesController {
  @Get('here')
  here(@CurrentTenant() tenant: TenantRecord): unknown {
    return { id: tenant.id };
  }

  @Get('at/:tenantId')
  at(@CurrentTenant() tenant: TenantRecord): unknown {
    return { id: tenant.id };
  }

  @TenantRoute({ inactive: true })
  @Get('closed/:tenantId')
  closed(@CurrentTenant() tenant: TenantRecord): unknown {
    return { id: tenant.id, status: tenant.status };
  }
}

interface Named {
  readonly id: string;
  readonly slug: string;
  readonly domain: string;
}

/** What a request says. */
interface Said {
  token?: string;
  host?: string;
  path?: string;
  header?: string;
}

/** Each place in which a request can name a tenant. */
const SOURCES: Record<string, (tenant: Named, said: Said) => void> = {
  principal: ({ id }, said) => (said.token = id),
  domain: ({ domain }, said) => (said.host = domain),
  subdomain: ({ slug }, said) => (said.host = `${slug}.example.com`),
  'path with an id': ({ id }, said) => (said.path = id),
  'path with a slug': ({ slug }, said) => (said.path = slug),
  header: ({ id }, said) => (said.header = id),
};
const kind = (source: string) => source.split(' ')[0];
/** One host is a custom domain or a subdomain, and one path an id or a slug. */
const excludes = (one: string, other: string) =>
  kind(one) === kind(other) || ['domain subdomain', 'subdomain domain'].includes(`${one} ${other}`);
const PAIRS = Object.keys(SOURCES).flatMap((one, index) =>
  Object.keys(SOURCES)
    .slice(index + 1)
    .filter((other) => !excludes(one, other))
    .map((other) => [one, other] as const),
);

describe.each(['sqlite', 'postgresql'] as const)(`${TenantResolver.name} on %s`, (database) => {
  let host: TestHost;
  let userId: string;
  let a: Named;
  let b: Named;

  beforeAll(async () => {
    host = await createTestHost({
      database,
      imports: [AccessGuardModule, HeaderAuthentication],
      controllers: [PlacesController],
      options: {
        access: {
          resolution: {
            sources: ['domain', 'subdomain', 'path', 'header'],
            baseDomain: 'example.com',
            ownHosts: ['api.example.com', 'own.test'],
          },
        },
        tenantDatabases: { catalogTtlMs: 600_000 },
      },
      http: await accessHttp('express'),
    });
    await host.app.listen(0, '127.0.0.1');
    userId = (await host.newUser()).id;
    [a, b] = [await newTenant(), await newTenant()];
  });
  afterAll(async () => {
    await host.close();
  });

  const newTenant = async () => {
    const slug = `acme-${genId().slice(-12)}`;
    const domain = `${slug}.test`;
    const { id } = await host.newTenant({ slug });
    await host.run((): void => {
      const { em } = host.hostDatabase;
      em.create(TenantDomain, { tenant: id, domain, token: genId(), verifiedAt: new Date() });
    });
    await host.newMembership({ userId, tenantId: id });
    return { id, slug, domain };
  };
  let seen = 0;
  /** What was recorded since the last look. */
  const mismatches = async () => {
    const all = await host.run(() =>
      host.hostDatabase.auditLogs.find({ eventType: 'access.tenant-mismatch' }, { orderBy: { id: 'asc' } }),
    );
    const fresh = all.slice(seen);
    seen = all.length;
    return fresh;
  };
  const ask = async ({ token = '-', host: named = 'own.test', path, header }: Said, as = userId) => {
    const url = path === undefined ? '/here' : `/at/${path}`;
    const asking = request(host.app.getHttpServer()).get(url).set('host', named).set('x-user', `${as} ${token}`);
    const { status, body } = await (header === undefined ? asking : asking.set('x-tenant-id', header));
    return { status, ...(body as object) };
  };

  it.each(Object.keys(SOURCES))('finds the tenant by the %s', async (source) => {
    for (const tenant of [a, b]) {
      const said: Said = {};
      SOURCES[source]?.(tenant, said);
      expect(await ask(said)).toEqual({ status: 200, id: tenant.id });
    }
  });

  it.each(PAIRS)('lets %s and %s pass where they agree, and refuses them where not, with one row', async (one, other) => {
    for (const [first, second] of [
      [a, a],
      [a, b],
      [b, a],
    ] as const) {
      const said: Said = {};
      SOURCES[one]?.(first, said);
      SOURCES[other]?.(second, said);
      const agrees = first === second;
      expect(await ask(said)).toEqual(agrees ? { status: 200, id: first.id } : { status: 403, code: 'ACCESS_TENANT_MISMATCH' });
      const sources = { [kind(one) ?? '']: first.id, [kind(other) ?? '']: second.id };
      const row = { actorUserId: userId, targetId: first.id, outcome: 'denied', details: { sources } };
      expect(await mismatches()).toMatchObject(agrees ? [] : [row]);
    }
  });

  it('says which is missing, unknown, malformed, closed, and whom it is not for', async () => {
    expect(PAIRS).toHaveLength(13);
    expect(await ask({})).toEqual({ status: 400, code: 'ACCESS_TENANT_REQUIRED' });
    for (const unknown of [
      { path: 'nobody' },
      { host: 'nobody.example.com' },
      { host: 'nobody.test' },
      { host: 'a.b.example.com' },
    ]) {
      expect(await ask(unknown)).toEqual({ status: 404, code: 'TENANTS_NOT_FOUND' });
    }
    expect(await ask({ header: 'no-id' })).toEqual({ status: 400, code: 'COMMON_INVALID_ID' });
    expect(await ask({ header: `${a.id}, ${a.id}` })).toEqual({ status: 400, code: 'COMMON_INVALID_ID' });
    // Who may not enter is not told whether there is such a tenant.
    const stranger = (await host.newUser()).id;
    const denied = { status: 403, code: 'ACCESS_TENANT_DENIED' };
    expect([await ask({ path: a.id }, stranger), await ask({ path: genId() }, stranger)]).toEqual([denied, denied]);

    const closed = await newTenant();
    await host.run(() => host.get(TenantsService).suspend(closed.id));
    expect(await ask({ path: closed.id })).toEqual({ status: 423, code: 'TENANTS_NOT_ACTIVE' });
    expect(await ask({ path: closed.id }, stranger)).toEqual(denied);
    const { body } = await request(host.app.getHttpServer()).get(`/closed/${closed.id}`).set('x-user', userId);
    expect(body).toEqual({ id: closed.id, status: 'suspended' });
  });

  it('does not take the hosts of the application, an address or a reserved subdomain for a tenant', async () => {
    for (const own of [
      'own.test',
      'api.example.com',
      'example.com',
      'www.example.com',
      '127.0.0.1:3000',
      'localhost',
      '[::1]:80',
    ]) {
      expect(await ask({ host: own })).toEqual({ status: 400, code: 'ACCESS_TENANT_REQUIRED' });
      expect(await ask({ host: own, header: a.id })).toEqual({ status: 200, id: a.id });
    }
    expect(await ask({ host: `${a.domain.toUpperCase()}:8443` })).toEqual({ status: 200, id: a.id });
    // No proxy is trusted, so that a client cannot say for itself which host it has asked for.
    const { body } = await request(host.app.getHttpServer())
      .get(`/at/${a.id}`)
      .set('host', 'own.test')
      .set('x-forwarded-host', b.domain)
      .set('x-user', userId);
    expect(body).toEqual({ id: a.id });
  });

  it('asks the catalogue once for 10,000 probes of a tenant that there is not, and records that once', async () => {
    const directory = host.get(TenantDirectory);
    const unknown = genId();
    const before = directory.statistics().hostQueries;
    for (let probe = 0; probe < 10_000; probe++) {
      await host
        .get(ContextService)
        .run({ actorUserId: userId }, () => host.get(TenantAccess).enter(unknown))
        .then(
          () => expect('let in').toBe('refused'),
          ({ code }: { code: string }) => expect(code).toBe('ACCESS_TENANT_DENIED'),
        );
    }
    expect(directory.statistics().hostQueries - before).toBe(1);
    const rows = await host.run(() => host.hostDatabase.auditLogs.find({ eventType: 'access.tenant-denied', targetId: unknown }));
    expect(rows).toHaveLength(1);
    // By slug nothing is recorded at all.
    const slug = `probe-${genId().slice(-12)}`;
    const atFirst = directory.statistics().hostQueries;
    for (let probe = 0; probe < 500; probe++) expect((await ask({ path: slug })).status).toBe(404);
    expect(directory.statistics().hostQueries - atFirst).toBe(1);
  }, 60_000);
});

describe('the options of tenant resolution', () => {
  it.each([
    [{ sources: ['cookie'] }, 'access.resolution.sources'],
    [{ sources: ['subdomain'] }, 'access.resolution.baseDomain'],
  ])('%j is refused', async (resolution, option) => {
    const starting = createTestHost({ options: { access: { resolution: resolution as { sources: ['path'] } } } });
    await expect(starting).rejects.toMatchObject({ code: 'COMMON_INVALID_OPTION', option });
  });
});
