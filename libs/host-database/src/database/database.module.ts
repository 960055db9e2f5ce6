import { MikroORM } from '@mikro-orm/core';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { DATABASE_OPTIONS, DATABASE_SETTINGS, DIRECT_CONNECTION, HOST_SCHEMA } from './database.constants.js';
import { DatabaseConfigError } from './database.errors.js';
import type { DatabaseOptions, DatabaseType, MigratePolicy } from './database.options.js';
import { DatabaseSettings } from './database-settings.js';
import { dialectOf } from './dialects/index.js';
import { directConnection } from './direct-connection/index.js';
import { hostOrmOptions, prepareHostOrm } from './host-orm.js';
import type { MigrationDefinition } from './migrations/index.js';
import type { EntityDefinition } from './orm-options.js';
import { StatementGuards } from './statement-guards.js';
import { TransactionScope } from './transaction-scope.js';
import { UnitOfWork } from './unit-of-work.service.js';

/** What the database room needs to know. */
export interface DatabaseModuleOptions {
  readonly database: DatabaseOptions;
  readonly migrate: MigratePolicy;
}

/** What must be known before any option is resolved, since it decides which providers exist. */
interface DatabaseModuleStructure {
  /** Asked for while the modules are put together, where an error of it stops the boot with its own message. */
  readonly type: () => DatabaseType;
  readonly entities: readonly EntityDefinition[];
  /** Those of the application's own tables. */
  readonly migrations?: readonly MigrationDefinition[];
}

/** Connects the host database, migrates it and provides its EntityManager, repositories and unit of work to every module. */
@Global()
@Module({})
export class DatabaseModule {
  static register(structure: DatabaseModuleStructure): DynamicModule {
    const features = MikroOrmModule.forFeature([...structure.entities]);
    return {
      module: DatabaseModule,
      imports: [TransactionScopeModule, connectedOrm(structure), features],
      providers: [
        {
          provide: DATABASE_SETTINGS,
          inject: [DATABASE_OPTIONS],
          useFactory: ({ database }: DatabaseModuleOptions) => DatabaseSettings.from(database),
        },
        {
          provide: HOST_SCHEMA,
          inject: [MikroORM, DATABASE_OPTIONS],
          useFactory: (orm: MikroORM, options: DatabaseModuleOptions) =>
            prepareHostOrm(orm, options.database, options.migrate).then(() => true),
        },
        {
          provide: UnitOfWork,
          // Whoever writes depends on the unit of work, and so starts after the tables are there.
          inject: [MikroORM, TransactionScope, HOST_SCHEMA],
          useFactory: (orm: MikroORM, scope: TransactionScope) => new UnitOfWork(orm, scope),
        },
        {
          provide: DIRECT_CONNECTION,
          inject: [MikroORM, DATABASE_SETTINGS, HOST_SCHEMA],
          useFactory: directConnection,
        },
      ],
      exports: [DATABASE_SETTINGS, UnitOfWork, DIRECT_CONNECTION, features],
    };
  }
}

/** The open transactions of this application, shared by the host's ORM and those of the tenants, and the guards of the host's. */
@Global()
@Module({ providers: [TransactionScope, StatementGuards], exports: [TransactionScope, StatementGuards] })
class TransactionScopeModule {}

async function connectedOrm({ type: typeOf, entities, migrations = [] }: DatabaseModuleStructure): Promise<DynamicModule> {
  const type = typeOf();
  // The driver decides the class of the injectable EntityManager, so it has to be known before the options are.
  const { driver } = await dialectOf(type).loadDriver();
  return MikroOrmModule.forRootAsync({
    driver,
    inject: [DATABASE_OPTIONS, TransactionScope, StatementGuards],
    useFactory: async ({ database }: DatabaseModuleOptions, scope: TransactionScope, guards: StatementGuards) => {
      const resolved = DatabaseSettings.from(database).type;
      if (resolved !== type) {
        throw new DatabaseConfigError([
          `The options say database.type '${resolved}', but the module was registered for '${type}'. Pass type: '${resolved}' to forRootAsync().`,
        ]);
      }
      // The access room opens a request's unit of work, so that its context and its EntityManager begin and end together.
      return { ...(await hostOrmOptions({ database, entities, migrations, scope, guards })), registerRequestContext: false };
    },
  });
}
