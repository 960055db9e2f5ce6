import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { AccessModule } from './access/index.js';
import { AuditModule } from './audit/index.js';
import { BillingModule } from './billing/index.js';
import { ContextModule } from './context/index.js';
import {
  DatabaseModule,
  type DatabaseOptions,
  databaseOptionsFromEnv,
  DatabaseSettings,
  type DatabaseType,
  databaseTypeFromEnv,
} from './database/index.js';
import { hostDatabaseConfig } from './host-database.config.js';
import type { HOST_DATABASE_ASYNC_OPTIONS } from './host-database.module-definition.js';
import { hostDatabaseProvider } from './host-database.provider.js';
import type { HostDatabaseOptions, HostDatabaseStructure, HostTablesOptions } from './host-database.options.js';
import { HostDatabaseOptionsModule } from './host-database-options.module.js';
import { hostEntities } from './host-entities.js';
import { JobsModule } from './jobs/index.js';
import { MembershipsModule } from './memberships/index.js';
import { TenantDatabasesModule } from './tenant-databases/index.js';
import { TenantsModule } from './tenants/index.js';
import { UsersModule } from './users/index.js';

/** What `forRootAsync()` takes: the structure, and a factory, class or existing provider for the rest. */
export type HostDatabaseAsyncOptions = typeof HOST_DATABASE_ASYNC_OPTIONS & HostDatabaseStructure;

/**
 * The host database of an application. Import it once, in the root module: its services, repositories and the host's
 * EntityManager can then be injected everywhere.
 */
@Module({})
export class HostDatabaseModule {
  /**
   * Takes the options, or, without `database`, reads the `DB_*` environment (and a `.env` file) through `@nestjs/config`.
   *
   * A missing or wrong setting stops the boot with a `DatabaseConfigError` that names it.
   */
  static forRoot({ database, hostDatabase, ...options }: HostDatabaseOptions = {}): DynamicModule {
    const structure = { hostDatabase, entities: options.tenantDatabases?.entities };
    if (database) {
      const type = () => DatabaseSettings.from(database).type;
      return compose(HostDatabaseOptionsModule.register({ ...options, database }), { ...structure, type });
    }
    const fromEnvironment = HostDatabaseOptionsModule.registerAsync({
      imports: [ConfigModule.forRoot(), ConfigModule.forFeature(hostDatabaseConfig)],
      inject: [hostDatabaseConfig.KEY],
      useFactory: (fromEnv: DatabaseOptions) => ({ ...options, database: fromEnv }),
    });
    return compose(fromEnvironment, { ...structure, type: () => databaseOptionsFromEnv(process.env).type });
  }

  /** Takes the options from a factory. `type`, `hostDatabase` and `entities` are structural: known before the factory has run. */
  static forRootAsync({ type, hostDatabase, entities, ...options }: HostDatabaseAsyncOptions): DynamicModule {
    const structure = { hostDatabase, entities, type: () => type ?? databaseTypeFromEnv() };
    return compose(HostDatabaseOptionsModule.registerAsync(options), structure);
  }
}

/** The structure, with what there is when nothing was given. */
interface ComposedOf {
  readonly type: () => DatabaseType;
  readonly hostDatabase: HostTablesOptions | undefined;
  readonly entities: HostDatabaseStructure['entities'] | undefined;
}

function compose(options: DynamicModule, { type, hostDatabase = {}, entities = [] }: ComposedOf): DynamicModule {
  const { entities: own = [], migrations = [] } = hostDatabase;
  return {
    module: HostDatabaseModule,
    global: true,
    imports: [
      options,
      ContextModule,
      DatabaseModule.register({ type, entities: [...hostEntities, ...own], migrations }),
      JobsModule,
      AuditModule,
      UsersModule,
      TenantsModule,
      MembershipsModule,
      BillingModule,
      TenantDatabasesModule.register({ entities }),
      AccessModule,
    ],
    providers: [hostDatabaseProvider],
    exports: [hostDatabaseProvider],
  };
}
