import type { Options } from '@mikro-orm/core';
import { DatabaseDriverMissingError } from '../database.errors.js';
import type { Dialect, DialectDriver } from './dialect.interface.js';
import { scramVerifier } from './scram-verifier.js';

/** Any constant will do, as long as every process uses the same: the ASCII codes of `host`. */
const MIGRATION_LOCK_KEY = 0x686f7374;
/** SQLSTATE of `CREATE DATABASE` where it exists already, and of two of them at once. */
const DATABASE_EXISTS = new Set(['42P04', '23505']);

export const postgresqlDialect: Dialect = {
  type: 'postgresql',
  now: 'clock_timestamp()',
  nowPlusMs: `clock_timestamp() + ? * interval '1 millisecond'`,
  skipLocked: 'for update skip locked',

  async loadDriver(): Promise<DialectDriver> {
    try {
      const { ReleasingPostgresqlDriver, EntityManager } = await import('./releasing-postgresql.driver.js');
      return { driver: ReleasingPostgresqlDriver, entityManager: EntityManager };
    } catch (cause) {
      throw new DatabaseDriverMissingError('@mikro-orm/postgresql', { cause });
    }
  },

  connectionOptions(settings): Partial<Options> {
    return {
      dbName: settings.name,
      host: settings.host,
      port: settings.port,
      user: settings.user,
      password: settings.revealPassword(),
      pool: settings.pool,
      ...(settings.ssl !== undefined && { driverOptions: { ssl: settings.ssl } }),
    };
  },

  async lockForMigration(em): Promise<void> {
    // Such locks are known to the whole database, but tenants that share one with a schema each do not wait for each other.
    await em.execute(`select pg_advisory_xact_lock(?, hashtext(coalesce(current_schema(), '')))`, [MIGRATION_LOCK_KEY]);
  },

  tenantDatabaseUrl(host, tenantId): string {
    return host.with({ name: `tenant_${tenantId}` }).toUriWithoutCredentials();
  },

  async createDatabase(admin, settings): Promise<void> {
    const connection = admin.getConnection();
    const [existing] = await connection.execute('select 1 from pg_database where datname = ?', [settings.name]);
    if (existing) return;
    try {
      await connection.execute(`create database ${quote(settings.name)}`);
    } catch (error) {
      if (!DATABASE_EXISTS.has(sqlState(error))) throw error;
    }
  },

  async changePassword(em, user, password): Promise<void> {
    await em.execute(`alter role ${quote(user)} password '${await scramVerifier(password)}'`);
  },

  async dropDatabase(admin, settings): Promise<void> {
    await admin.getConnection().execute(`drop database if exists ${quote(settings.name)} with (force)`);
  },
};

function sqlState(error: unknown): string {
  return String((error as { code?: unknown }).code);
}

/** Quotes a whole identifier: unlike `platform.quoteIdentifier()`, a dot in it names nothing else. */
function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
