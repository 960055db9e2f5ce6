// A tenant is suspended, archived and restored; then it is deleted, after a look at what that will remove and with an export.
import { readdir } from 'node:fs/promises';
import { defineEntity, p } from '@mikro-orm/core';
import { HostDatabaseModule } from 'nestjs-host-database';
import { TenantDatabases, TenantDeletion } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost } from 'nestjs-host-database/testing';

const Project = defineEntity({ name: 'Project', properties: { id: p.integer().primary(), name: p.string() } });

const host = await createTestHost({
  application: (options) =>
    HostDatabaseModule.forRoot({
      ...options,
      tenantDatabases: { ...options.tenantDatabases, entities: [Project] },
      tenantDeletion: { graceDays: 30, exportTo: 'exports' },
    }),
});
const tenants = host.get(TenantsService);
const { id } = await host.newTenant({ name: 'Acme' });
await host.get(TenantDatabases).run(id, (em) => void em.create(Project, { id: 1, name: 'Roadrunner' }));

await host.run(async () => {
  await tenants.suspend(id, { reason: 'The invoice is overdue', drain: false });
  await tenants.archive(id);
  console.log(`restored: ${(await tenants.restore(id)).status}`);

  await tenants.requestDeletion(id, { export: true });
  const { removes, keeps } = await host.get(TenantDeletion).plan(id);
  console.log(`will remove ${removes.storage.length} database with`, removes.tables);
  console.log(`will keep ${keeps.rows['core_subscriptions']} subscriptions`);
  console.log(`taken back: ${(await tenants.restore(id)).status}`);
  await tenants.requestDeletion(id, { graceDays: 0, export: true });
});

await host.runJobs();
await host.run(async () => console.log((await tenants.getById(id)).status, (await readdir(`exports/${id}`)).toSorted()));
await host.close();
