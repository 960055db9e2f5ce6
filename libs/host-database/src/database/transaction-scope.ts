import { AsyncLocalStorage } from 'node:async_hooks';
import { type EntityManager, RequestContext, TransactionContext } from '@mikro-orm/core';

/** What the names of the tenants' EntityManagers begin with. */
export const TENANT_CONTEXT_PREFIX = 'tenant:';

/** One open transaction or savepoint, and what waits for its end. */
export interface TransactionFrame {
  readonly em: EntityManager;
  /** Called once the outermost transaction has committed, and awaited by whoever has committed it; dropped with a savepoint that is rolled back. */
  readonly afterCommit: (() => void | Promise<void>)[];
  /** Called once the outermost transaction has ended, however that was; those of a savepoint too. */
  readonly afterEnd: (() => void)[];
  /** Why this transaction may no longer commit. */
  rollbackOnly?: { readonly cause: unknown };
}

/** That some code runs in a transaction, and what that is nested in. */
interface TransactionPosition {
  readonly frame: TransactionFrame;
  readonly requestContext: RequestContext | undefined;
  readonly outer: TransactionPosition | undefined;
}

/** A transaction that was begun with `em.begin()`, and where. */
interface BegunTransaction {
  readonly frame: TransactionFrame;
  readonly requestContext: RequestContext | undefined;
}

/**
 * Remembers the open transactions of every EntityManager in the current async context.
 *
 * MikroORM's own TransactionContext holds one transaction only: a tenant's transaction opened inside a transaction of the host
 * hides it, and a host service called there would work outside it (on SQLite it would wait for itself for ever). The `context`
 * option of every ORM falls back to {@link current}, which still knows it.
 */
export class TransactionScope {
  private readonly storage = new AsyncLocalStorage<TransactionPosition>();
  private readonly runningByManager = new WeakMap<EntityManager, TransactionFrame>();
  private readonly begunByManager = new WeakMap<EntityManager, BegunTransaction>();
  private readonly begunByUnitOfWork = new WeakMap<RequestContext, Set<TransactionFrame>>();

  /** The transaction's EntityManager of that name, if one is open in the current unit of work. */
  current(name: string): EntityManager | undefined {
    return this.frame(name)?.em;
  }

  /** The innermost frame of that name. */
  frame(name: string): TransactionFrame | undefined {
    let position = this.storage.getStore();
    while (position && position.frame.em.name !== name) position = position.outer;
    // A unit of work on the host that was begun inside a transaction is not part of it. A tenant has one unit of work in all of its
    // run, whatever the host does meanwhile.
    const isPart = name.startsWith(TENANT_CONTEXT_PREFIX) || position?.requestContext === RequestContext.currentRequestContext();
    return isPart ? position?.frame : undefined;
  }

  /**
   * The frame of the transaction that this very EntityManager is in, whoever has begun it. It is found also in the flush that comes
   * before the commit, when the context of the work has been left.
   */
  frameOf(em: EntityManager): TransactionFrame | undefined {
    return this.begun(em) ?? this.runningByManager.get(em);
  }

  /** The frame of a transaction that was begun with `em.begin()`. */
  begun(em: EntityManager): TransactionFrame | undefined {
    return this.begunByManager.get(em)?.frame;
  }

  /** The frame of a transaction that the current unit of work, or a fork made in it, has begun with `em.begin()`. */
  begunHere(name: string): TransactionFrame | undefined {
    const requestContext = RequestContext.currentRequestContext();
    const frames = requestContext && this.begunByUnitOfWork.get(requestContext);
    return frames && [...frames].findLast(({ em }) => em.name === name);
  }

  /** Remembers that `em.begin()` has begun a transaction, or that it has ended. */
  setBegun(em: EntityManager, isOpen: boolean): void {
    const { frame, requestContext } = this.begunByManager.get(em) ?? {};
    this.begunByManager.delete(em);
    if (frame && requestContext) this.begunByUnitOfWork.get(requestContext)?.delete(frame);
    if (isOpen) this.addBegun({ em, afterCommit: [], afterEnd: [] });
  }

  /** Runs `work` in a new frame. */
  run<T>(em: EntityManager, work: (frame: TransactionFrame) => T): T {
    const frame: TransactionFrame = { em, afterCommit: [], afterEnd: [] };
    // What joins a transaction without a savepoint has the same EntityManager, and ends with it.
    if (!this.runningByManager.has(em)) this.runningByManager.set(em, frame);
    return this.within(frame, () => work(frame));
  }

  /** Forgets a frame whose transaction has ended. */
  ended(frame: TransactionFrame): void {
    if (this.runningByManager.get(frame.em) === frame) this.runningByManager.delete(frame.em);
  }

  /** Runs `work` as part of a transaction that is open: what it calls finds it by the name of its EntityManager. */
  within<T>(frame: TransactionFrame, work: () => T): T {
    const position = { frame, requestContext: RequestContext.currentRequestContext(), outer: this.storage.getStore() };
    return this.storage.run(position, work);
  }

  private addBegun(frame: TransactionFrame): void {
    const requestContext = RequestContext.currentRequestContext();
    this.begunByManager.set(frame.em, { frame, requestContext });
    if (!requestContext) return;
    const frames = this.begunByUnitOfWork.get(requestContext) ?? new Set();
    this.begunByUnitOfWork.set(requestContext, frames.add(frame));
  }
}

/** Calls what was to be called after a commit, and waits for what takes its time. */
export async function runAfterCommit(callbacks: TransactionFrame['afterCommit']): Promise<void> {
  const waiting = callbacks.map((callback) => callback()).filter((result) => result !== undefined);
  if (waiting.length > 0) await Promise.all(waiting);
}

/**
 * Runs `work` outside the transaction that is open in the current async context, and keeps every other context (who is asking,
 * tracing). MikroORM looks a transaction up by the name of its EntityManager, so a context whose name nothing has hides it.
 */
export function outsideTransaction<T>(work: () => T): T {
  if (!TransactionContext.currentTransactionContext()) return work();
  return TransactionContext.create({ name: '', _id: 0 } as EntityManager, work);
}
