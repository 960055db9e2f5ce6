import type { FactoryProvider } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/core';
import { DIRECT_CONNECTION, type DirectConnection, TransactionScope } from '../../database/index.js';
import { type ResolvedTenantDirectoryOptions, TENANT_DIRECTORY_OPTIONS } from '../../tenants/index.js';
import { AccessChanges, UnheardAccessChanges } from './access-changes.js';
import { AccessChangesSubscriber } from './access-changes.subscriber.js';
import { PostgresqlAccessChanges } from './postgresql.access-changes.js';
import { SqliteAccessChanges } from './sqlite.access-changes.js';

/** How this process hears of changes to what people may do. */
export const accessChangesProvider: FactoryProvider<AccessChanges> = {
  provide: AccessChanges,
  inject: [DIRECT_CONNECTION, TENANT_DIRECTORY_OPTIONS, MikroORM, TransactionScope],
  useFactory: (
    connection: DirectConnection,
    { notifications }: ResolvedTenantDirectoryOptions,
    orm: MikroORM,
    scope: TransactionScope,
  ) => {
    if (connection.type === 'sqlite') return new SqliteAccessChanges(connection);
    if (!notifications) return new UnheardAccessChanges();
    const changes = new PostgresqlAccessChanges(connection);
    orm.em.getEventManager().registerSubscriber(new AccessChangesSubscriber(scope, changes));
    return changes;
  },
};
