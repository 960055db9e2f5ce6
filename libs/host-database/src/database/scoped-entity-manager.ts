import { TransactionPropagation, type TransactionOptions } from '@mikro-orm/core';
import { SqlEntityManager } from '@mikro-orm/sql';
import { driverNeutral } from './driver-neutral.js';
import { NoUnitOfWorkError, TransactionRollbackOnlyError } from './database.errors.js';
import type { TransactionFrame, TransactionScope } from './transaction-scope.js';

// A class expression's base has to be constructible with any arguments (TypeScript's rule for mixins).
// oxlint-disable-next-line typescript/no-explicit-any -- the rule above
export type SqlEntityManagerClass = new (...args: any[]) => SqlEntityManager;

/**
 * Makes the EntityManager class of one ORM: it refuses to work outside a unit of work with an error that says what to do, and
 * tells `scope` of every `transactional()`, the library's and your own. Its errors mean the same on every dialect.
 */
export function scopedEntityManager(base: SqlEntityManagerClass, scope: TransactionScope): SqlEntityManagerClass {
  return class ScopedEntityManager extends base {
    override getContext(validate = true): this {
      const em = super.getContext(false);
      if (validate && em.global) throw new NoUnitOfWorkError();
      return em;
    }

    override async transactional<T>(work: (em: this) => T | Promise<T>, options: TransactionOptions = {}): Promise<T> {
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
              if (frame.rollbackOnly) throw new TransactionRollbackOnlyError({ cause: frame.rollbackOnly.cause });
              return value;
            }),
          options,
        )
        .catch((error: unknown) => {
          throw driverNeutral(error, this.getPlatform());
        });
      for (const callback of own?.afterCommit ?? []) {
        if (outer) outer.afterCommit.push(callback);
        else callback();
      }
      return result;
    }

    override flush(): Promise<void> {
      return super.flush().catch((error: unknown) => {
        throw driverNeutral(error, this.getPlatform());
      });
    }
  };
}
