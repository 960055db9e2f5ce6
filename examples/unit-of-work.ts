// What several services write in one transaction commits together, or vanishes together.
import { NestFactory } from '@nestjs/core';
import { HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { AuditService, defineAuditEvents, detailsOf, type InferAuditEvents } from 'nestjs-host-database/audit';
import { TenantsService } from 'nestjs-host-database/tenants';
import { UsersService } from 'nestjs-host-database/users';

const events = defineAuditEvents({ 'accounts.signed-up': { details: detailsOf<undefined>(), targetType: 'tenant' } });
declare module 'nestjs-host-database/audit' {
  interface AuditEventTypes extends InferAuditEvents<typeof events> {}
}

const module = HostDatabaseModule.forRoot({ jobs: { worker: false }, audit: { events: [events] } });
const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });
const [host, users, tenants, audit] = [
  app.get(HostDatabase),
  app.get(UsersService),
  app.get(TenantsService),
  app.get(AuditService),
];

async function signUp(email: string, company: string): Promise<void> {
  await host.transactional(async () => {
    const owner = await users.create({ email });
    const tenant = await tenants.create({ name: company, slug: company.toLowerCase(), ownerId: owner.id });
    await audit.record({ eventType: 'accounts.signed-up', targetId: tenant.id });
  });
}

await host.run(async () => {
  await signUp('ada@example.com', 'Acme');
  // The slug is taken. The user that was created just before is not left behind.
  await signUp('bob@example.com', 'Acme').catch((error: Error) => console.log(error.message));

  const rows = { users: host.globalUsers, tenants: host.tenantCatalogs, 'audit rows': host.auditLogs, jobs: host.systemJobs };
  for (const [name, repository] of Object.entries(rows)) console.log(`${name}: ${await repository.count()}`);
});

await app.close();
