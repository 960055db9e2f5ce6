import type { MikroORM } from '@mikro-orm/core';
import type { DatabaseSettings } from '../database-settings.js';
import { PostgresqlDirectConnection } from './postgresql-direct-connection.js';
import { SqliteDirectConnection } from './sqlite-direct-connection.js';

export { PostgresqlDirectConnection } from './postgresql-direct-connection.js';
export type { NotificationSubscriber, NotificationSubscription } from './postgresql-notifications.js';
export type { PostgresqlQuery } from './postgresql-session.js';
export { SqliteDirectConnection } from './sqlite-direct-connection.js';

/** A way to the host database beside the ORM's. */
export type DirectConnection = PostgresqlDirectConnection | SqliteDirectConnection;

/** Makes the one for a type of database. It connects when it is first used. */
export function directConnection(orm: MikroORM, settings: DatabaseSettings): DirectConnection {
  return settings.type === 'sqlite' ? new SqliteDirectConnection(orm, settings.isInMemory) : new PostgresqlDirectConnection(orm);
}
