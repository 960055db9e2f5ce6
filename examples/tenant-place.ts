// Where new tenants live: on which server, in a database or a schema of their own, and as which database user.
import { NestFactory } from '@nestjs/core';
import { HostDatabase, HostDatabaseModule, type HostDatabaseOptions } from 'nestjs-host-database';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';

// Of SQLite a server is a directory, of PostgreSQL the address of a user who may create databases and users there:
//   mode: 'schema',
//   servers: { eu1: { url: process.env.EU1_URL }, eu2: { url: process.env.EU2_URL, weight: 2 } },
const tenantDatabases: HostDatabaseOptions['tenantDatabases'] = {
  placement: {
    servers: {
      host: { acceptsNew: false },
      small: { directory: 'tenants-small', weight: 3 },
      large: { directory: 'tenants-large' },
    },
    choose: ({ planTier }) => (planTier === 'enterprise' ? { server: 'large' } : {}),
  },
};

const app = await NestFactory.createApplicationContext(HostDatabaseModule.forRoot({ tenantDatabases }), { logger: ['error'] });
const tenants = app.get(TenantsService);
await app.get(HostDatabase).run(async () => {
  for (const [name, planTier] of Object.entries({ Acme: 'free', Globex: 'enterprise' })) {
    const { id } = await tenants.create({ name, planTier });
    const { mode, server } = await tenants.whenActive(id, { timeoutMs: 10_000 });
    const [row] = await app.get(TenantDatabases).run(id, (em) => em.execute(`select 'open' as state`));
    console.log(`${name}: a ${mode} on ${server}, ${row?.state}`);
  }
});
await app.close();
