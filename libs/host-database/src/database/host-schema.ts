import type { MikroORM } from '@mikro-orm/core';
import { MigrationStorage, type Migrator } from '@mikro-orm/migrations';
import type { AbstractSqlDriver, SqlEntityManager } from '@mikro-orm/sql';
import { SchemaOutdatedError } from './database.errors.js';
import type { MigratePolicy } from './database.options.js';
import type { Dialect } from './dialects/index.js';

/**
 * Brings the tables of one database to the newest migration, one process at a time, all pending migrations in one transaction.
 *
 * @throws SchemaOutdatedError when `policy` is `check` and a migration is pending
 */
export async function migrateSchema(orm: MikroORM, dialect: Dialect, policy: MigratePolicy): Promise<void> {
  if (policy === 'off') return;
  const migrator = orm.migrator as Migrator;
  if (policy === 'on-boot') await ensureMigrationsTable(orm, dialect);
  else if (!(await hasMigrationsTable(orm))) throw new SchemaOutdatedError(['all of them: the database is empty']);
  const pending = await migrator.getPending();
  if (pending.length === 0) return;
  if (policy === 'check') throw new SchemaOutdatedError(pending.map(({ name }) => name));
  await locked(orm, dialect, async (em) => {
    // Reads the pending ones again behind the lock: another process may have applied them meanwhile.
    await migrator.up({ transaction: em.getTransactionContext() });
  });
}

/** MikroORM creates its table of executed migrations unguarded; of processes that boot together all but one would fail. */
async function ensureMigrationsTable(orm: MikroORM, dialect: Dialect): Promise<void> {
  if (await hasMigrationsTable(orm)) return;
  await locked(orm, dialect, async (em) => {
    const storage = new MigrationStorage(orm.driver as AbstractSqlDriver, orm.config.get('migrations'));
    const transaction = em.getTransactionContext();
    if (transaction) storage.setMasterMigration(transaction);
    await storage.ensureTable();
  });
}

async function hasMigrationsTable(orm: MikroORM): Promise<boolean> {
  const driver = orm.driver as AbstractSqlDriver;
  const { tableName = '' } = orm.config.get('migrations');
  return (
    driver.getPlatform().getSchemaHelper()?.tableExists(driver.getConnection(), tableName, orm.config.get('schema')) ?? false
  );
}

async function locked(orm: MikroORM, dialect: Dialect, work: (em: SqlEntityManager) => Promise<void>): Promise<void> {
  await (orm.em as SqlEntityManager).fork().transactional(async (em) => {
    await dialect.lockForMigration(em);
    await work(em);
  });
}
