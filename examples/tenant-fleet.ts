// The tables of all tenants are brought to the version of the application: some first, then the rest.
import { Migration } from '@mikro-orm/migrations';
import { NestFactory } from '@nestjs/core';
import { HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { migrateTenants, TenantMigrations } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';

class Migration20260101000000_projects extends Migration {
  override up(): void {
    this.addSql('create table projects (id integer primary key, title text)');
  }
}
class Migration20260201000000_labels extends Migration {
  override up(): void {
    this.addSql('create table labels (id integer primary key, name text)');
  }
}

async function start(migrationsList: (typeof Migration20260101000000_projects)[]) {
  const module = HostDatabaseModule.forRoot({ tenantDatabases: { migrations: { migrationsList } } });
  return NestFactory.createApplicationContext(module, { logger: ['error'] });
}

const before = await start([Migration20260101000000_projects]);
await before.get(HostDatabase).run(async () => {
  for (const name of ['Acme', 'Globex', 'Initech']) {
    const { id } = await before.get(TenantsService).create({ name });
    await before.get(TenantsService).whenActive(id, { timeoutMs: 10_000 });
  }
});
await before.close();

// The next version of the application, in a script that is run before it is rolled out.
const app = await start([Migration20260101000000_projects, Migration20260201000000_labels]);
const migrations = app.get(TenantMigrations);
const plan = await migrations.run({ dryRun: true });
console.log(`${plan.total} tenants lack ${plan.plan?.[0]?.pending.join(', ')}`);

const report = await migrations.run({ canary: { size: 1 }, stopAfterFailures: 5, concurrency: 8 });
console.log(`${report.state}: ${report.done} of ${report.total} migrated, ${report.failed} failed`);

// The same as a program, with its arguments, a progress bar and an exit code.
process.exitCode = await migrateTenants(app);
await app.close();
