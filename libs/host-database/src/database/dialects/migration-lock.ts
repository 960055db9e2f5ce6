import type { SqlEntityManager } from '@mikro-orm/sql';
import { ownSchemaOf } from '../own-schema.js';
import { inTimeForLock } from './lock-timeout.js';

/** Any constant will do, as long as every process uses the same: the ASCII codes of `host`. */
const MIGRATION_LOCK_KEY = 0x686f7374;
/** How long another process may migrate the same database: a slow migration is no reason to give up. */
const DATABASE_WAIT_MS = 3_600_000;
/** The same for one schema of many. Whoever may connect to that database can hold the lock, and others are not to wait for it for ever. */
const SCHEMA_WAIT_MS = 120_000;

/**
 * Waits until no other process migrates the same database, or schema, and keeps others out until the transaction has ended.
 *
 * @throws LockWaitTimeoutException when somebody has had the lock for longer than that may take; it may succeed later
 */
export async function lockForMigration(em: SqlEntityManager, waitMs?: number): Promise<void> {
  const schema = ownSchemaOf(em.config);
  const [before] = await em.execute<{ waits: string }[]>(`select current_setting('lock_timeout') as waits`);
  await limitWait(em, `${waitMs ?? (schema === undefined ? DATABASE_WAIT_MS : SCHEMA_WAIT_MS)}ms`);
  // Such locks are known to the whole database: with one key, tenants that share one with a schema each would wait for each other.
  await inTimeForLock(() =>
    schema === undefined
      ? em.execute('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK_KEY])
      : em.execute('select pg_advisory_xact_lock(?, hashtext(?))', [MIGRATION_LOCK_KEY, schema]),
  );
  // What the migrations wait for is theirs to say.
  await limitWait(em, before?.waits ?? '0');
}

async function limitWait(em: SqlEntityManager, waits: string): Promise<void> {
  await em.execute(`select set_config('lock_timeout', ?, true)`, [waits]);
}
