import type { EntityManager, MikroORM } from '@mikro-orm/core';
import { SqlitePlatform } from '@mikro-orm/sql';
import { DatabaseSettings } from './database-settings.js';
import { ownSchemaOf } from './own-schema.js';
import { isPasswordSource } from './password-source.js';

/**
 * Returns the full address of the database that the given thing talks to, **with its password**: for tools that open a connection of
 * their own. Nothing else in the library reveals a password; keep the result out of logs.
 */
export function getDbUri(source: MikroORM | EntityManager | { readonly em: EntityManager }): string {
  const { config } = 'config' in source ? source : source.em;
  const known = config.get('password');
  const password = isPasswordSource(known) ? known() : known;
  const settings = DatabaseSettings.from({
    type: config.getPlatform() instanceof SqlitePlatform ? 'sqlite' : 'postgresql',
    name: config.get('dbName'),
    host: config.get('host'),
    port: config.get('port'),
    user: config.get('user'),
    ...(typeof password === 'string' && { password }),
  });
  return settings.with({ name: settings.name, schema: ownSchemaOf(config) }).toUriWithPassword();
}
