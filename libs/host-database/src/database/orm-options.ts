import { type AnyEntity, type EntityClass, type EntityManager, type EntitySchema, type Options } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import type { MikroOrmPassThrough } from './database.options.js';
import type { DatabaseSettings } from './database-settings.js';
import { dialectOf } from './dialects/index.js';
import type { PasswordSource } from './password-source.js';
import { scopedEntityManager } from './scoped-entity-manager.js';
import type { StatementGuards } from './statement-guards.js';
import type { TransactionScope } from './transaction-scope.js';

/** An entity as MikroORM takes it: a class or what `defineEntity()` returns. */
export type EntityDefinition = EntityClass<AnyEntity> | EntitySchema;

/** What one ORM of the library is made of. */
export interface OrmBlueprint {
  readonly settings: DatabaseSettings;
  readonly entities: readonly EntityDefinition[];
  readonly scope: TransactionScope;
  /** Watches every statement of this ORM. */
  readonly guards?: StatementGuards;
  readonly context: (name: string) => EntityManager | undefined;
  readonly contextName?: string;
  readonly migrations?: Options['migrations'];
  /** Instead of the password of the settings: one that can change while connections are open. */
  readonly password?: PasswordSource | undefined;
  readonly mikroOrm?: MikroOrmPassThrough;
  /** Wraps the EntityManager class further. */
  readonly wrap?: (base: ReturnType<typeof scopedEntityManager>) => ReturnType<typeof scopedEntityManager>;
}

/** Makes MikroORM's options for the host database or a tenant's. */
export async function ormOptions(blueprint: OrmBlueprint): Promise<Options> {
  const { settings, guards, mikroOrm = {}, wrap = (base) => base } = blueprint;
  const dialect = dialectOf(settings.type);
  const { driver, entityManager } = await dialect.loadDriver(settings);
  const connection = dialect.connectionOptions(settings);
  return {
    ...mikroOrm,
    ...connection,
    ...(blueprint.password && { password: blueprint.password }),
    ...(mikroOrm.driverOptions && { driverOptions: mergedDriverOptions(connection.driverOptions, mikroOrm.driverOptions) }),
    driver,
    entityManager: wrap(scopedEntityManager(entityManager, blueprint.scope, guards)),
    ...(guards && { onCreateConnection: watched(guards, mikroOrm.onCreateConnection) }),
    entities: [...blueprint.entities],
    // An application may keep nothing in the databases of its tenants.
    discovery: { ...mikroOrm.discovery, warnWhenNoEntities: false },
    // Left out for the host: its Nest module takes any name, even the default one, for one of several connections.
    ...(blueprint.contextName !== undefined && { contextName: blueprint.contextName }),
    context: blueprint.context,
    allowGlobalContext: false,
    extensions: [Migrator],
    ...(blueprint.migrations && { migrations: blueprint.migrations }),
  } as Options;
}

/** The application's win; but what the server is asked for at the beginning of a connection is asked for after what they ask for. */
function mergedDriverOptions(ours: StartupOptions | undefined, theirs: StartupOptions): object {
  const options = [theirs.options, ours?.options].filter((given) => given !== undefined);
  return { ...ours, ...theirs, ...(options.length > 0 && { options: options.join(' ') }) };
}

/** What `pg` hands to the server as it is. */
interface StartupOptions {
  readonly options?: string;
}

/** The application's own hook comes first: it sets up the connection and is no business of the guards. */
function watched(guards: StatementGuards, then: Options['onCreateConnection']): NonNullable<Options['onCreateConnection']> {
  return async (connection) => {
    await then?.(connection);
    guards.watch(connection);
  };
}
