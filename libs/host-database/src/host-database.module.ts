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
  databaseTypeFromEnv,
} from './database/index.js';
import { hostDatabaseConfig } from './host-database.config.js';
import type { HOST_DATABASE_ASYNC_OPTIONS } from './host-database.module-definition.js';
import { hostDatabaseProvider } from './host-database.provider.js';
import type { HostDatabaseOptions, HostDatabaseStructure } from './host-database.options.js';
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
  static forRoot({ database, ...options }: HostDatabaseOptions = {}): DynamicModule {
    const entities = options.tenantDatabases?.entities ?? [];
    if (database) {
      const type = () => DatabaseSettings.from(database).type;
      return compose(HostDatabaseOptionsModule.register({ ...options, database }), type, entities);
    }
    const fromEnvironment = HostDatabaseOptionsModule.registerAsync({
      imports: [ConfigModule.forRoot(), ConfigModule.forFeature(hostDatabaseConfig)],
      inject: [hostDatabaseConfig.KEY],
      useFactory: (fromEnv: DatabaseOptions) => ({ ...options, database: fromEnv }),
    });
    return compose(fromEnvironment, () => databaseOptionsFromEnv(process.env).type, entities);
  }

  /** Takes the options from a factory. `type` and `entities` are structural: known before the factory has run. */
  static forRootAsync({ type, entities = [], ...options }: HostDatabaseAsyncOptions): DynamicModule {
    return compose(HostDatabaseOptionsModule.registerAsync(options), () => type ?? databaseTypeFromEnv(), entities);
  }
}

function compose(
  options: DynamicModule,
  type: () => 'postgresql' | 'sqlite',
  entities: NonNullable<HostDatabaseStructure['entities']>,
): DynamicModule {
  return {
    module: HostDatabaseModule,
    global: true,
    imports: [
      options,
      ContextModule,
      DatabaseModule.register({ type, entities: hostEntities }),
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
