import type { FactoryProvider } from '@nestjs/common';
import { DIRECT_CONNECTION, type DirectConnection } from '../../../database/index.js';
import { type ResolvedTenantDirectoryOptions, TENANT_DIRECTORY_OPTIONS } from '../tenant-directory.options.js';
import { PostgresqlTenantChanges } from './postgresql.tenant-changes.js';
import { SqliteTenantChanges } from './sqlite.tenant-changes.js';
import { TenantChanges, UnheardTenantChanges } from './tenant-changes.interface.js';

export { TenantChanges, type TenantChangesListener } from './tenant-changes.interface.js';

/** How this process hears of changes to the catalogue. */
export const tenantChangesProvider: FactoryProvider<TenantChanges> = {
  provide: TenantChanges,
  inject: [DIRECT_CONNECTION, TENANT_DIRECTORY_OPTIONS],
  useFactory: (connection: DirectConnection, options: ResolvedTenantDirectoryOptions) => {
    // With a TTL of 0 nothing is remembered that could change.
    if (!options.notifications || options.catalogTtlMs === 0) return new UnheardTenantChanges();
    return connection.type === 'sqlite'
      ? new SqliteTenantChanges(connection, options.pollIntervalMs)
      : new PostgresqlTenantChanges(connection);
  },
};
