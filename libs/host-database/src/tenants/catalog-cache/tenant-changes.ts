import type { FactoryProvider } from '@nestjs/common';
import { isId } from '../../common/index.js';
import {
  ChangeFeed,
  DIRECT_CONNECTION,
  type DirectConnection,
  PostgresqlChangeFeed,
  SqliteChangeFeed,
  TENANT_CHANGES_CHANNEL,
  TENANT_CHANGES_TABLE,
  UnheardChangeFeed,
} from '../../database/index.js';
import { type ResolvedTenantDirectoryOptions, TENANT_DIRECTORY_OPTIONS } from './tenant-directory.options.js';

/** Tells of changes to the catalogue of tenants, by their ids. */
export abstract class TenantChanges extends ChangeFeed {}

/** How this process hears of changes to the catalogue. */
export const tenantChangesProvider: FactoryProvider<TenantChanges> = {
  provide: TenantChanges,
  inject: [DIRECT_CONNECTION, TENANT_DIRECTORY_OPTIONS],
  useFactory: (connection: DirectConnection, options: ResolvedTenantDirectoryOptions) => {
    // With a TTL of 0 nothing is remembered that could change.
    if (!options.notifications || options.catalogTtlMs === 0) return new UnheardChangeFeed();
    return connection.type === 'sqlite'
      ? new SqliteChangeFeed(connection, { table: TENANT_CHANGES_TABLE, column: 'tenant_id' }, options.pollIntervalMs)
      : new PostgresqlChangeFeed(connection, { channel: TENANT_CHANGES_CHANNEL, isSubject: isId });
  },
};
