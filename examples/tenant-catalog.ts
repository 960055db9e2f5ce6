// A tenant is found by its slug or by a domain that it has proved to be its own, from what the process remembers of the catalogue.
import { NestFactory } from '@nestjs/core';
import { HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { type DomainRecord, DomainVerifier, TenantDirectory, TenantDomains, TenantsService } from 'nestjs-host-database/tenants';

/** In place of DNS, which an application leaves as it is. */
class OwnDns extends DomainVerifier {
  readonly published: DomainRecord[] = [];

  async hasRecord({ name, value }: DomainRecord): Promise<boolean> {
    return this.published.some((record) => record.name === name && record.value === value);
  }
}

const dns = new OwnDns();
const module = HostDatabaseModule.forRoot({ tenantDirectory: { ttlMs: 30_000 }, tenantDomains: { verifier: dns } });
const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });
const [directory, domains, tenants] = [app.get(TenantDirectory), app.get(TenantDomains), app.get(TenantsService)];

await app.get(HostDatabase).run(async () => {
  const { id } = await tenants.create({ name: 'Acme', slug: 'acme' });
  await tenants.whenActive(id, { timeoutMs: 10_000 });

  // Shown to the tenant's admin, who publishes it.
  const { record } = await domains.add(id, 'App.Acme.example');
  console.log(`${record.type} ${record.name}`);
  dns.published.push(record);
  await domains.verify(id, 'app.acme.example');
});

const before = directory.statistics().hostQueries;
const found = await Promise.all(
  Array.from({ length: 1_000 }, (_, request) =>
    request % 2 === 0 ? directory.getBySlug('acme') : directory.getByDomain('app.acme.example'),
  ),
);
console.log(`${found.length} requests for ${found[0]?.name}: ${directory.statistics().hostQueries - before} query`);
await app.close();
