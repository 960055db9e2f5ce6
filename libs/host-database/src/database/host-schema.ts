import { type MikroORM, TableExistsException, UniqueConstraintViolationException } from '@mikro-orm/core';
import type { Migrator } from '@mikro-orm/migrations';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { SchemaOutdatedError } from './database.errors.js';
import type { MigratePolicy } from './database.options.js';
import type { Dialect } from './dialects/index.js';

/**
 * Brings the tables of one database to the newest migration, in one transaction, one process at a time.
 *
 * @throws SchemaOutdatedError when `policy` is `check` and a migration is pending
 */
export async function migrateSchema(orm: MikroORM, dialect: Dialect, policy: MigratePolicy): Promise<void> {
  if (policy === 'off') return;
  const migrator = orm.migrator as Migrator;
  const pending = await pendingMigrations(migrator);
  if (pending.length === 0) return;
  if (policy === 'check') throw new SchemaOutdatedError(pending);
  const em = (orm.em as SqlEntityManager).fork();
  await em.transactional(async (transaction) => {
    await dialect.lockForMigration(transaction);
    // Read again behind the lock: another process may have migrated meanwhile.
    await migrator.up({ transaction: transaction.getTransactionContext() });
  });
}

async function pendingMigrations(migrator: Migrator): Promise<string[]> {
  const read = async () => (await migrator.getPending()).map((migration) => migration.name);
  try {
    return await read();
  } catch (error) {
    // MikroORM creates its table of executed migrations unguarded. Of two processes that boot together one may be too late.
    if (error instanceof TableExistsException || error instanceof UniqueConstraintViolationException) return read();
    throw error;
  }
}
