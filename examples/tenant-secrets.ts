// The addresses of tenants are encrypted at rest, and the keys are rotated while tenants are in use.
import { randomBytes } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { type SecretsOptions, TenantSecrets, TenantsService } from 'nestjs-host-database/tenants';

// From your secret store: 32 bytes each, base64.
const keys = { '2026-01': randomBytes(32), '2026-07': randomBytes(32) };

async function start(secrets: SecretsOptions) {
  const app = await NestFactory.createApplicationContext(HostDatabaseModule.forRoot({ secrets }), { logger: ['error'] });
  return { app, host: app.get(HostDatabase), tenants: app.get(TenantsService) };
}

const before = await start({ keyId: '2026-01', keys });
await before.host.run(async () => {
  const { id } = await before.tenants.create({ name: 'Acme', slug: 'acme' });
  const tenant = await before.tenants.whenActive(id, { timeoutMs: 10_000 });
  console.log(`stored as ${tenant.dbUrl?.split(':').slice(0, 3).join(':')}`);
});
await before.app.close();

// Deployed with a new current key. The former one stays until nothing is encrypted with it.
const { app, host, tenants } = await start({ keyId: '2026-07', keys });
const { total, rotated, failed } = await app.get(TenantSecrets).rotateKeys({
  batch: 500,
  onProgress: (progress) => console.log(`${progress.rotated} of ${progress.total} tenants`),
});
console.log(`${rotated} of ${total} rotated, ${failed.length} failed`);

await host.run(async () => {
  const tenant = await tenants.findBySlug('acme');
  console.log(`stored as ${tenant?.dbUrl?.split(':').slice(0, 3).join(':')}`);
  const [row] = await app.get(TenantDatabases).run(tenant?.id ?? '', (em) => em.execute(`select 'open' as state`));
  console.log(`and still ${row?.state}`);
});
await app.close();
