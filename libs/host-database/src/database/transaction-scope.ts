import { AsyncLocalStorage } from 'node:async_hooks';
import { type EntityManager, RequestContext, TransactionContext } from '@mikro-orm/core';

/** What the names of the tenants' EntityManagers begin with. */
export const TENANT_CONTEXT_PREFIX = 'tenant:';

/** One open transaction or savepoint, and what waits for its end. */
export interface TransactionFrame {
  readonly em: EntityManager;
  readonly requestContext: RequestContext | undefined;
  readonly outer: TransactionFrame | undefined;
  /** Called once the outermost transaction has committed; dropped with a savepoint that is rolled back. */
  readonly afterCommit: (() => void)[];
  /** Called once the outermost transaction has ended, however that was; those of a savepoint too. */
  readonly afterEnd: (() => void)[];
  /** Why this transaction may no longer commit. */
  rollbackOnly?: { readonly cause: unknown };
}

/**
 * Remembers the open transactions of every EntityManager in the current async context.
 *
 * MikroORM's own TransactionContext holds one transaction only: a tenant's transaction opened inside a transaction of the host
 * hides it, and a host service called there would work outside it (on SQLite it would wait for itself for ever). The `context`
 * option of every ORM falls back to {@link current}, which still knows it.
 */
export class TransactionScope {
  private readonly storage = new AsyncLocalStorage<TransactionFrame>();
  private readonly begunFrames = new WeakMap<EntityManager, TransactionFrame>();

  /** The transaction's EntityManager of that name, if one is open in the current unit of work. */
  current(name: string): EntityManager | undefined {
    return this.frame(name)?.em;
  }

  /** The innermost frame of that name. */
  frame(name: string): TransactionFrame | undefined {
    let frame = this.storage.getStore();
    while (frame && frame.em.name !== name) frame = frame.outer;
    // A unit of work on the host that was begun inside a transaction is not part of it. A tenant has one unit of work in all of its
    // run, whatever the host does meanwhile.
    const isPart = name.startsWith(TENANT_CONTEXT_PREFIX) || frame?.requestContext === RequestContext.currentRequestContext();
    return isPart ? frame : undefined;
  }

  /** The frame of a transaction that was begun with `em.begin()`. */
  begun(em: EntityManager): TransactionFrame | undefined {
    return this.begunFrames.get(em);
  }

  /** Remembers that `em.begin()` has begun a transaction, or that it has ended. */
  setBegun(em: EntityManager, isOpen: boolean): void {
    if (isOpen) this.begunFrames.set(em, { em, requestContext: undefined, outer: undefined, afterCommit: [], afterEnd: [] });
    else this.begunFrames.delete(em);
  }

  /** Runs `work` in a new frame. */
  run<T>(em: EntityManager, work: (frame: TransactionFrame) => T): T {
    const frame: TransactionFrame = {
      em,
      requestContext: RequestContext.currentRequestContext(),
      outer: this.storage.getStore(),
      afterCommit: [],
      afterEnd: [],
    };
    return this.storage.run(frame, () => work(frame));
  }
}

/**
 * Runs `work` outside the transaction that is open in the current async context, and keeps every other context (who is asking,
 * tracing). MikroORM looks a transaction up by the name of its EntityManager, so a context whose name nothing has hides it.
 */
export function outsideTransaction<T>(work: () => T): T {
  if (!TransactionContext.currentTransactionContext()) return work();
  return TransactionContext.create({ name: '', _id: 0 } as EntityManager, work);
}
