import { TransactionPropagation, type TransactionOptions } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { NoUnitOfWorkError, TransactionRollbackOnlyError } from './database.errors.js';
import { driverNeutral } from './driver-neutral.js';
import { RemovingFlushes } from './removing-flushes.js';
import type { StatementGuards } from './statement-guards.js';
import { runAfterCommit, type TransactionFrame, type TransactionScope } from './transaction-scope.js';

// A class expression's base has to be constructible with any arguments (TypeScript's rule for mixins).
// oxlint-disable-next-line typescript/no-explicit-any -- the rule above
export type SqlEntityManagerClass = new (...args: any[]) => SqlEntityManager;

type Method = (this: SqlEntityManager, ...args: unknown[]) => unknown;

/** What MikroORM lets the global EntityManager do, since it needs no identity map. */
const UNCHECKED_ASYNC_METHODS = [
  'insert',
  'insertMany',
  'upsert',
  'upsertMany',
  'nativeUpdate',
  'nativeDelete',
  'execute',
] as const;
const UNCHECKED_METHODS = ['createQueryBuilder', 'qb', 'getKysely'] as const;

/**
 * Makes the EntityManager class of one ORM: it refuses to work outside a unit of work with an error that says what to do, and
 * tells `scope` of every transaction and `guards` of every flush, the library's and your own. Its errors mean the same on every
 * dialect.
 */
export function scopedEntityManager(
  base: SqlEntityManagerClass,
  scope: TransactionScope,
  guards?: StatementGuards,
): SqlEntityManagerClass {
  const removing = new RemovingFlushes();
  class ScopedEntityManager extends base {
    // oxlint-disable-next-line typescript/no-explicit-any -- a mixin's constructor
    constructor(...args: any[]) {
      super(...args);
      guards?.watchHooks(this.eventManager);
    }

    override getContext(validate = true): this {
      const em = super.getContext(false);
      // Found by its name, which another application in this process may use as well.
      if (em.config !== this.config || (validate && em.global)) throw new NoUnitOfWorkError();
      return em;
    }

    override async transactional<T>(work: (em: this) => T | Promise<T>, options: TransactionOptions = {}): Promise<T> {
      assertUnitOfWork(this);
      const joins = options.propagation !== TransactionPropagation.REQUIRES_NEW;
      const outer = joins ? scope.frame(this.name) : undefined;
      let own: TransactionFrame | undefined;
      const result = await super
        .transactional(
          (em) =>
            scope.run(em, async (frame) => {
              own = frame;
              const value = await work(em);
              // Thrown inside the transaction, so that MikroORM rolls it back.
              assertCommittable(frame);
              return value;
            }),
          options,
        )
        .catch((error: unknown) => {
          // Without a savepoint of its own, what failed here is part of the outer transaction.
          if (outer && options.propagation === TransactionPropagation.REQUIRED) outer.rollbackOnly ??= { cause: error };
          throw driverNeutral(error, this.getPlatform());
        })
        .finally(() => {
          if (own) scope.ended(own);
          if (outer) outer.afterEnd.push(...(own?.afterEnd ?? []));
          else own?.afterEnd.forEach((callback) => callback());
        });
      if (outer) outer.afterCommit.push(...(own?.afterCommit ?? []));
      else if (own && own.afterCommit.length > 0) await runAfterCommit(own.afterCommit);
      return result;
    }

    override async begin(options?: Parameters<SqlEntityManager['begin']>[0]): Promise<void> {
      assertUnitOfWork(this);
      await super.begin(options);
      scope.setBegun(this.getContext(false), true);
    }

    override async commit(): Promise<void> {
      const em = this.getContext(false);
      const frame = scope.begun(em);
      if (frame) assertCommittable(frame);
      await super.commit();
      scope.setBegun(em, false);
      frame?.afterEnd.forEach((callback) => callback());
      if (frame) await runAfterCommit(frame.afterCommit);
    }

    override async rollback(): Promise<void> {
      const em = this.getContext(false);
      const frame = scope.begun(em);
      scope.setBegun(em, false);
      try {
        await super.rollback();
      } finally {
        frame?.afterEnd.forEach((callback) => callback());
      }
    }

    override async flush(): Promise<void> {
      const em = this.getContext(false);
      const flush = () => (guards ? guards.duringFlush(() => super.flush()) : super.flush());
      try {
        if (guards?.isGuarded && removing.includes(em)) return await removing.run(em);
        const begun = scope.begun(em);
        // What a subscriber calls is part of the transaction of a fork too, which has no context to be found in.
        await (begun ? scope.within(begun, flush) : flush());
      } catch (error) {
        throw driverNeutral(error, this.getPlatform());
      }
    }
  }
  for (const name of UNCHECKED_ASYNC_METHODS) {
    const original = base.prototype[name] as Method;
    define(name, async function checked(...args) {
      assertUnitOfWork(this);
      // Called by a function of an entity in the midst of a flush, it is none of its statements.
      return guards ? guards.besideFlush(() => original.apply(this, args)) : original.apply(this, args);
    });
  }
  for (const name of UNCHECKED_METHODS) {
    const original = base.prototype[name] as Method;
    define(name, function checked(...args) {
      assertUnitOfWork(this);
      return original.apply(this, args);
    });
  }
  return ScopedEntityManager;

  function define(name: string, value: Method): void {
    Object.defineProperty(ScopedEntityManager.prototype, name, { value, writable: true, configurable: true });
  }
}

function assertUnitOfWork(em: SqlEntityManager): void {
  if (em.getContext(false).global) throw new NoUnitOfWorkError();
}

function assertCommittable({ rollbackOnly }: TransactionFrame): void {
  if (rollbackOnly) throw new TransactionRollbackOnlyError({ cause: rollbackOnly.cause });
}
