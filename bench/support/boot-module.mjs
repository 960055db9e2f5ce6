import { HostDatabaseModule } from 'nestjs-host-database';

/** As an application imports it: every room, the worker of the queue too. */
export function imports({ host, tenantDirectory }) {
  return [HostDatabaseModule.forRoot({ database: host, tenantDatabases: { directory: tenantDirectory } })];
}
