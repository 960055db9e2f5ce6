import { DatabaseDriverMissingError } from '../database.errors.js';
import type { Dialect, DialectDriver } from './dialect.interface.js';
import { PostgresqlAdministration } from './postgresql-administration.js';
import { postgresqlConnection } from './postgresql-connection.js';
import { quoteIdentifier } from './postgresql-identifiers.js';
import { scramVerifier } from './scram-verifier.js';

/** Any constant will do, as long as every process uses the same: the ASCII codes of `host`. */
const MIGRATION_LOCK_KEY = 0x686f7374;

export const postgresqlDialect: Dialect = {
  type: 'postgresql',
  now: 'clock_timestamp()',
  nowPlusMs: `clock_timestamp() + ? * interval '1 millisecond'`,
  skipLocked: 'for update skip locked',

  async loadDriver({ schema } = { schema: undefined }): Promise<DialectDriver> {
    try {
      const { OwnSchemaPostgresqlDriver, ReleasingPostgresqlDriver, EntityManager } =
        await import('./releasing-postgresql.driver.js');
      return {
        driver: schema === undefined ? ReleasingPostgresqlDriver : OwnSchemaPostgresqlDriver,
        entityManager: EntityManager,
      };
    } catch (cause) {
      throw new DatabaseDriverMissingError('@mikro-orm/postgresql', { cause });
    }
  },

  connectionOptions: postgresqlConnection,

  async lockForMigration(em): Promise<void> {
    // Such locks are known to the whole database, but tenants that share one with a schema each do not wait for each other.
    await em.execute(`select pg_advisory_xact_lock(?, hashtext(coalesce(current_schema(), '')))`, [MIGRATION_LOCK_KEY]);
  },

  tenantDatabaseUrl(server, tenantId): string {
    return server.with({ name: `tenant_${tenantId}` }).toUriWithoutCredentials();
  },

  administration: (server) => new PostgresqlAdministration(server),

  async changePassword(em, user, password): Promise<void> {
    await em.execute(`alter role ${quoteIdentifier(user)} password '${await scramVerifier(password)}'`);
  },

  async dropUser(admin, user): Promise<void> {
    await admin.getConnection().execute(`drop role if exists ${quoteIdentifier(user)}`);
  },

  async dropDatabase(admin, settings): Promise<void> {
    await admin.getConnection().execute(`drop database if exists ${quoteIdentifier(settings.name)} with (force)`);
  },
};
