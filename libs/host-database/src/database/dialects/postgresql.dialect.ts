import { DatabaseDriverMissingError } from '../database.errors.js';
import type { Dialect, DialectDriver } from './dialect.interface.js';
import { lockForMigration } from './migration-lock.js';
import { PostgresqlAdministration } from './postgresql-administration.js';
import { postgresqlConnection } from './postgresql-connection.js';
import { quoteIdentifier } from './postgresql-identifiers.js';
import { scramVerifier } from './scram-verifier.js';

/** Nobody's name is the grantee 0: everybody. */
const OPEN_TO_PUBLIC = `
  select 1 from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) as acl
   where datname = current_database() and acl.grantee = 0 and acl.privilege_type = 'CONNECT'`;

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

  lockForMigration: (em) => lockForMigration(em),

  tenantDatabaseUrl(server, tenantId): string {
    return server.with({ name: `tenant_${tenantId}` }).toUriWithoutCredentials();
  },

  administration: (server) => new PostgresqlAdministration(server),

  async changePassword(em, user, password): Promise<void> {
    await em.execute(`alter role ${quoteIdentifier(user)} password '${await scramVerifier(password)}'`);
  },

  async isOpenToPublic(em): Promise<boolean> {
    return (await em.execute<unknown[]>(OPEN_TO_PUBLIC)).length > 0;
  },

  async dropUser(admin, user): Promise<void> {
    await admin.getConnection().execute(`drop role if exists ${quoteIdentifier(user)}`);
  },

  async dropDatabase(admin, settings): Promise<void> {
    await admin.getConnection().execute(`drop database if exists ${quoteIdentifier(settings.name)} with (force)`);
  },
};
