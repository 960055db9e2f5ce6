import { type SqlEntityManager, SqlitePlatform } from '@mikro-orm/sql';
import { SnapshotIsolationError } from './database.errors.js';

/**
 * For what counts rows under a lock: behind the lock it has to see what others have committed. REPEATABLE READ of PostgreSQL does not, and
 * tells nobody; SERIALIZABLE does not either, but then one of the two fails. On SQLite a transaction that may write is alone.
 *
 * @throws SnapshotIsolationError
 */
export async function assertFreshReads(em: SqlEntityManager): Promise<void> {
  if (em.getPlatform() instanceof SqlitePlatform) return;
  const [row] = await em.execute<{ level: string }[]>(`select current_setting('transaction_isolation') as level`);
  if (row?.level === 'repeatable read') throw new SnapshotIsolationError();
}
