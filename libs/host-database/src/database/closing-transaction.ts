import type { EntityManager } from '@mikro-orm/core';

/** Runs a whole unit of work, and rolls back what it began with `em.begin()` and left open: the connection is needed by others. */
export async function closingTransaction<T>(em: EntityManager, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    if (em.isInTransaction()) await em.rollback();
  }
}
