import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import { getDbUri, UnitOfWork } from 'nestjs-host-database';
import { TenantDatabases, TenantDeletion, TenantStorage } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const Tag = defineEntity({ name: 'Tag', properties: { name: p.string().primary() } });

// A file has no schemas, and so nobody to share it with.
describe('The deletion of a tenant whose address leaves out or mistakes its schema', () => {
  let host: TestHost;
  let hostUrl: URL;

  beforeAll(async () => {
    // The same server by another of its names, and a database of its own for schemas.
    const alias = Object.assign(new URL(process.env.TEST_DB_URL ?? ''), { hostname: 'localhost' });
    host = await createTestHost({
      database: 'postgresql',
      options: {
        tenantDeletion: { graceDays: 0 },
        tenantDatabases: { entities: [Tag], placement: { mode: 'schema', servers: { host: {}, alias: { url: alias.href } } } },
      },
    });
    hostUrl = Object.assign(new URL(getDbUri(host.hostDatabase)), { username: '', password: '' });
  });
  afterAll(() => host.close());

  /** Of a tenant that somebody has activated there, and wants deleted. */
  async function refusalAt(address: string): Promise<unknown> {
    const { id } = await host.newTenant({ provisioned: false });
    const tenants = host.get(TenantsService);
    await host.run(() => tenants.activate(id, address));
    await host.run(() => tenants.requestDeletion(id));
    const code = await host
      .run(() => host.get(TenantDeletion).plan(id))
      .then(
        () => undefined,
        (error: { code: string }) => error.code,
      );
    await host.runJobs();
    expect(await host.run(() => tenants.getById(id))).toMatchObject({
      status: code === undefined ? 'deleted' : 'pending_deletion',
    });
    await host.run(async () => {
      Object.assign(await tenants.getById(id), { dbUrl: null, dbUrlHash: null });
    });
    return code;
  }

  it('is refused where a host has its tables, by whichever name of its server', async () => {
    expect(await refusalAt(Object.assign(new URL(hostUrl), { hostname: 'localhost' }).href)).toBe(
      'TENANT_DATABASES_PLACE_IS_HOST',
    );
    const schema = (name: string) => `${hostUrl.href}?schema=${name}`;
    for (const name of ['beside', 'tables']) await host.get(TenantStorage).create(schema(name));
    await host.run(async () => {
      const { em } = host.get(UnitOfWork);
      for (const table of ['core_tenants', 'sys_tenant_deletions']) await em.execute(`create table tables.${table} (id text)`);
    });
    expect(await refusalAt(schema('tables'))).toBe('TENANT_DATABASES_PLACE_IS_HOST');
    expect(await refusalAt(schema('beside'))).toBeUndefined();
    expect(await host.get(TenantStorage).exists(schema('tables'))).toBe(true);
    // Nobody can be told to live in the one that every database has.
    await expect(refusalAt(schema('public'))).rejects.toMatchObject({ code: 'DATABASE_CONFIG_INVALID' });
  });

  it('is refused where others live in the same database', async () => {
    const { id, dbUrl } = await host.newTenant();
    const whole = (dbUrl ?? '').replace(/\?.*/, '');
    expect(await refusalAt(whole)).toBe('TENANT_DATABASES_PLACE_IS_SHARED');
    expect(await host.get(TenantDatabases).run(id, (em) => em.count(Tag))).toBe(0);
  });

  it('is refused where others live in schemas that the application has named', async () => {
    const storage = host.get(TenantStorage);
    const whole = `${hostUrl.href}_own`;
    const { id } = await host.newTenant({ provisioned: false });
    await storage.create(`${whole}?schema=named`);
    await host.run(() => host.get(TenantsService).activate(id, `${whole}?schema=named`));
    expect(await refusalAt(whole)).toBe('TENANT_DATABASES_PLACE_IS_SHARED');
    await host.run(() => host.get(TenantsService).requestDeletion(id));
    await host.runJobs();
    // Nobody else is there any more.
    expect(await refusalAt(whole)).toBeUndefined();
    expect(await storage.exists(whole)).toBe(false);
  });
});
