import { setTimeout as delay } from 'node:timers/promises';
import { type EntityManager, type IsolationLevel, type MikroORM, RequestContext } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { hasFork, inLazyRequestContext } from './lazy-request-context.js';
import { NoUnitOfWorkError, PendingChangesError } from './database.errors.js';
import { hasPendingChanges } from './pending-changes.js';
import { outsideTransaction, type TransactionFrame, type TransactionScope } from './transaction-scope.js';
import { isTransientFailure } from './transient-failure.js';

const BACKOFF_BASE_MS = 10;
const BACKOFF_LIMIT_MS = 500;

/** How a transaction runs. Only the outermost one's options count; a joined one has none of its own. */
export interface TransactionalOptions {
  /**
   * How often to repeat work that failed on a serialization failure, a deadlock or a busy database, after a short wait that grows.
   * Each try, the first too, starts with an empty identity map: load what you change inside `work`.
   *
   * @default 0
   */
  readonly retries?: number;
  /** PostgreSQL only. SQLite is always serializable. */
  readonly isolationLevel?: IsolationLevel;
}

/**
 * The unit of work on the host database: one fork of the EntityManager for each request, job and script, and the transactions in
 * it. Services of all rooms share it, so that what several of them write commits or vanishes together.
 */
export class UnitOfWork {
  /** The host's EntityManager: finds the current unit of work, and the transaction in it, at every call. */
  readonly em: SqlEntityManager;

  constructor(
    orm: MikroORM,
    private readonly scope: TransactionScope,
  ) {
    this.em = orm.em as SqlEntityManager;
  }

  /** Whether there is a unit of work here. */
  get isActive(): boolean {
    return !this.em.getContext(false).global;
  }

  /** Whether a transaction on the host database is open here. */
  get isInTransaction(): boolean {
    return this.em.isInTransaction();
  }

  /**
   * The EntityManager of the transaction on the host database that is open here, even where a fork of this unit of work has begun it and
   * {@link em} is outside. On SQLite nothing else can write until it ends.
   */
  get transactionEm(): SqlEntityManager | undefined {
    return this.isInTransaction ? this.em : (this.scope.begunHere(this.em.name)?.em as SqlEntityManager | undefined);
  }

  /**
   * Runs `work` in a unit of work of its own, outside any transaction of the caller: flushed when it resolves, discarded when it
   * throws.
   */
  async run<T>(work: (em: SqlEntityManager) => T | Promise<T>): Promise<T> {
    return this.begin(async () => {
      try {
        const result = await work(this.em);
        if (hasFork(this.em.name) && hasPendingChanges(this.em.getContext())) await this.em.flush();
        return result;
      } finally {
        // Begun with em.begin() and left open: others need the connection.
        if (hasFork(this.em.name) && this.isInTransaction) await this.em.rollback();
      }
    });
  }

  /** Runs `next` in a unit of work of its own and leaves flushing to it: what a request's middleware calls. */
  begin<T>(next: () => T): T {
    return outsideTransaction(() => inLazyRequestContext(this.em, next));
  }

  /**
   * Runs `work` in a transaction, or as part of the one that is open here. Flushed and committed when it resolves; when it throws,
   * all of the outermost transaction is rolled back, on both dialects, even where a caller in between catches the error.
   * Afterwards the unit of work is empty: entities loaded before the failure are detached.
   *
   * @throws NoUnitOfWorkError outside a unit of work
   * @throws PendingChangesError when there are unwritten changes that a retry would lose
   * @throws TransactionRollbackOnlyError when a joined part failed and its error was swallowed
   */
  async transactional<T>(
    work: (em: SqlEntityManager) => T | Promise<T>,
    { retries = 0, isolationLevel }: TransactionalOptions = {},
  ): Promise<T> {
    if (!this.isActive) throw new NoUnitOfWorkError();
    if (this.isInTransaction) return this.join(work);
    if (retries > 0 && hasPendingChanges(this.em.getContext())) throw new PendingChangesError();
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.em.transactional(() => work(this.em), { clear: retries > 0, isolationLevel });
      } catch (error) {
        this.em.clear();
        if (attempt >= retries || !isTransientFailure(error)) throw error;
        await delay(backoffMs(attempt));
      }
    }
  }

  /** Discards what was not committed. Inside a transaction, none of it will be. */
  rollback(): void {
    this.em.clear();
    const { frame } = this;
    if (frame) frame.rollbackOnly ??= { cause: undefined };
  }

  /**
   * Calls `callback` once what is being written here has been committed, at once where no transaction is open, and never where it
   * is rolled back.
   */
  afterCommit(callback: () => void): void {
    const { frame } = this;
    if (frame)
      frame.afterCommit.push(() => {
        callback();
      });
    else callback();
  }

  /**
   * Calls `callback` once the outermost transaction that is open here has ended, committed or rolled back, at once where none is open.
   * For work on another connection that would wait for this one. It must not throw.
   */
  afterEnd(callback: () => void): void {
    const frame = this.frame ?? this.scope.begunHere(this.em.name);
    if (frame) frame.afterEnd.push(callback);
    else callback();
  }

  /** The innermost transaction that is open here. */
  private get frame(): TransactionFrame | undefined {
    return this.scope.frame(this.em.name) ?? this.scope.begun(this.em.getContext(false));
  }

  private async join<T>(work: (em: SqlEntityManager) => T | Promise<T>): Promise<T> {
    try {
      return await work(this.em);
    } catch (error) {
      const { frame } = this;
      if (frame) frame.rollbackOnly ??= { cause: error };
      throw error;
    }
  }
}

/** Doubles from try to try, with full jitter, so that those who collided do not meet again. */
function backoffMs(attempt: number): number {
  return Math.random() * Math.min(BACKOFF_LIMIT_MS, BACKOFF_BASE_MS * 2 ** attempt);
}

/** The `context` option of the host's ORM. */
export function hostContext(scope: TransactionScope, script?: () => EntityManager | undefined) {
  return (name: string): EntityManager | undefined => scope.current(name) ?? RequestContext.getEntityManager(name) ?? script?.();
}
