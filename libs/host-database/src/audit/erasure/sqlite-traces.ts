import { setTimeout as delay } from 'node:timers/promises';
import type { SqlEntityManager } from '@mikro-orm/sql';

const TRIES = 5;
const WAIT_MS = 20;

/** Runs `work` so that what it deletes is overwritten in the file, and not merely marked as free. */
export async function withSecureDelete(em: SqlEntityManager, work: () => Promise<void>): Promise<void> {
  const [before] = await em.execute<{ secure_delete: number }[]>('pragma secure_delete');
  await em.execute('pragma secure_delete = on');
  try {
    await work();
  } finally {
    await em.execute(`pragma secure_delete = ${before?.secure_delete ?? 0}`);
  }
}

/** Moves what the write-ahead log has into the file and empties it. Tries for a moment while others read. */
export async function truncateWal(em: SqlEntityManager): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const [result] = await em.execute<{ busy: number }[]>('pragma wal_checkpoint(truncate)');
    if (!result?.busy) return;
    if (attempt === TRIES) throw new Error('others read it.');
    await delay(WAIT_MS);
  }
}
