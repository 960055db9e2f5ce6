// Compiles, or the promise that it states is broken. Nothing here runs.
import type { DynamicModule } from '@nestjs/common';
import { GlobalUser, HostDatabase, HostDatabaseModule, type HostDatabaseOptions } from 'nestjs-host-database';
import { defineAuditedEntity } from 'nestjs-host-database/audit';
import { type Equal, expectType } from './expect-type.js';

export const complete: HostDatabaseOptions = {
  database: { type: 'postgresql', host: 'db', port: 5432, user: 'app', password: 'secret', name: 'app_host', pool: { max: 10 } },
  migrate: 'check',
  hostDatabase: { entities: [GlobalUser], migrations: [] },
  tenantDatabases: { entities: [], directory: 'data' },
  jobs: { worker: false, concurrency: 2 },
};

export const modules: DynamicModule[] = [
  HostDatabaseModule.forRoot(),
  HostDatabaseModule.forRoot({}),
  HostDatabaseModule.forRoot(complete),
  HostDatabaseModule.forRoot({ database: { type: 'sqlite', name: ':memory:' } }),
  // @ts-expect-error a database that is not supported
  HostDatabaseModule.forRoot({ database: { type: 'mysql' } }),
  // @ts-expect-error no such policy
  HostDatabaseModule.forRoot({ migrate: 'always' }),
  // @ts-expect-error no such option
  HostDatabaseModule.forRoot({ jobs: { workers: 2 } }),

  HostDatabaseModule.forRootAsync({ type: 'sqlite', useFactory: () => ({ database: { type: 'sqlite' } }) }),
  HostDatabaseModule.forRootAsync({ inject: ['TOKEN'], useFactory: async () => ({ migrate: 'off' }) }),
  // @ts-expect-error the driver is structural
  HostDatabaseModule.forRootAsync({ type: 'mysql', useFactory: () => ({}) }),
  // @ts-expect-error entities decide which repositories there are, so that a factory is too late to name them
  HostDatabaseModule.forRootAsync({ useFactory: () => ({ tenantDatabases: { entities: [] } }) }),
  HostDatabaseModule.forRootAsync({ hostDatabase: { entities: [] }, useFactory: () => ({}) }),
  // @ts-expect-error entities of the host database are structural too
  HostDatabaseModule.forRootAsync({ useFactory: () => ({ hostDatabase: { entities: [] } }) }),
];

export const audited = [
  defineAuditedEntity(GlobalUser, { name: 'people', secret: ['passwordHash'], personal: { subject: 'id', fields: ['email'] } }),
  // @ts-expect-error no such field
  defineAuditedEntity(GlobalUser, { name: 'people', except: ['nothing'] }),
  // @ts-expect-error no such field
  defineAuditedEntity(GlobalUser, { name: 'people', tenant: 'tenantId' }),
];

expectType<Equal<ReturnType<typeof HostDatabase.fromEnv>, Promise<HostDatabase>>>();
expectType<Equal<Awaited<ReturnType<HostDatabase['transactional']>>, unknown>>();

export async function transactionalReturnsWhatItsWorkReturns(host: HostDatabase): Promise<void> {
  const count = await host.transactional(() => host.globalUsers.count());
  expectType<Equal<typeof count, number>>();
}
