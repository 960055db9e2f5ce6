import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import { getDbUri } from 'nestjs-host-database';
import { TenantDatabases, TenantPlacement, TenantStorage, TenantUsers } from 'nestjs-host-database/tenant-databases';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const secrets = { keyId: 'k', keys: { k: randomBytes(32) } };

const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } });

describe.each(['own', 'shared'] as const)('a tenant in a schema, with %s users', (users) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await createTestHost({
      database: 'postgresql',
      options: { secrets, tenantDatabases: { entities: [Note], users, placement: { mode: 'schema' } } },
    });
  });
  afterAll(async () => {
    await host.close();
  });

  it('lives there', async () => {
    const [one, two] = [await host.newTenant(), await host.newTenant()];
    expect(one).toMatchObject({ mode: 'schema', server: 'host' });
    const tenants = host.get(TenantDatabases);
    for (const { id } of [one, two]) await tenants.run(id, (em) => void em.create(Note, { id: 1, text: id }));
    for (const { id } of [one, two]) {
      const rows = await tenants.run(id, (em) =>
        em.execute('select text, current_schema() as schema, current_user as who from note'),
      );
      expect(rows).toEqual([{ text: id, schema: `tenant_${id}`, who: users === 'own' ? `tenant_${id}` : 'postgres' }]);
      expect(await tenants.run(id, (em) => getDbUri(em))).toContain(`?schema=tenant_${id}`);
    }
  });

  it('is gone with its user when both are dropped', async () => {
    const place = await host.get(TenantPlacement).choose({ tenantId: 'f'.repeat(32) });
    const [storage, tenantUsers] = [host.get(TenantStorage), host.get(TenantUsers)];
    for (let round = 0; round < 2; round++) {
      await storage.create(place.address);
      await tenantUsers.create(place.address);
    }
    expect(await storage.exists(place.address)).toBe(true);
    for (let round = 0; round < 2; round++) {
      await storage.drop(place.address);
      await tenantUsers.drop(place.address);
    }
    expect(await storage.exists(place.address)).toBe(false);
  });
});
