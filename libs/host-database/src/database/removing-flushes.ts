import { AsyncLocalStorage } from 'node:async_hooks';
import type { SqlEntityManager } from '@mikro-orm/sql';

/**
 * Runs flushes that remove rows in a transaction that is open before the subscribers are asked. MikroORM begins its own only after that,
 * and what a subscriber has read of the rows that go along could be out of date by then.
 */
export class RemovingFlushes {
  private readonly running = new WeakMap<SqlEntityManager, Promise<void>>();
  private readonly around = new AsyncLocalStorage<ReadonlySet<SqlEntityManager>>();

  /** Whether a flush of `em` has to be run here. */
  includes(em: SqlEntityManager): boolean {
    if (em.global || this.around.getStore()?.has(em)) return false;
    if (this.running.has(em)) return true;
    if (em.isInTransaction()) return false;
    const unitOfWork = em.getUnitOfWork(false);
    return unitOfWork.getRemoveStack().size > 0 || unitOfWork.getOrphanRemoveStack().size > 0;
  }

  /** Flushes `em` in a transaction, after another flush of it that is doing so. */
  async run(em: SqlEntityManager): Promise<void> {
    const before = this.running.get(em);
    if (before) {
      await before.catch(() => undefined);
      return em.flush();
    }
    const running = this.around.run(new Set([...(this.around.getStore() ?? []), em]), () => inTransaction(em));
    this.running.set(em, running);
    try {
      await running;
    } finally {
      this.running.delete(em);
    }
  }
}

async function inTransaction(em: SqlEntityManager): Promise<void> {
  try {
    await em.begin();
    // Flushes first.
    await em.commit();
  } catch (error) {
    // What the transaction failed with says more than what its end may fail with.
    if (em.isInTransaction()) await em.rollback().catch(() => em.resetTransactionContext());
    throw error;
  }
}
