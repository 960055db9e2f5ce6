import type { ForkOptions, MikroORM, TransactionOptions } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { assertOwnSchema, type SqlEntityManagerClass } from '../database/index.js';
import { type EntityOwnership, tenantOf } from './entity-ownership.js';
import type { TenantBinding, TenantBindings } from './tenant-bindings.js';
import { TenantRunEndedError } from './tenant-databases.errors.js';
import { guardQueryBuilder } from './tenant-query-builder.js';

/** What takes entities, or data with entities in it, and could carry one of another tenant past a flush or make it look like one's own. */
const CHECKED_METHODS = ['merge', 'create', 'assign'] as const;
const CHECKED_ASYNC_METHODS = [
  'insert',
  'insertMany',
  'upsert',
  'upsertMany',
  'nativeUpdate',
  'nativeDelete',
  'refresh',
  'refreshOrFail',
  'populate',
] as const;

/** What the tenants' EntityManager class is made of. */
interface TenantEntityManagerParts {
  readonly bindings: TenantBindings;
  readonly ownership: EntityOwnership;
}

/**
 * Makes the EntityManager class of the tenants' ORMs: one for all, so that the engine compiles what is hot once. Every operation of MikroORM asks `getContext()` first, so that one that
 * escaped its run(), through a field, an unawaited promise or a lazy collection, is refused instead of reaching a tenant that is
 * not bound. Every write is checked for entities of other tenants, and a tenant that lives in a schema cannot ask for another one.
 */
export function tenantEntityManager(
  base: SqlEntityManagerClass,
  { bindings, ownership }: TenantEntityManagerParts,
): SqlEntityManagerClass {
  class TenantEntityManager extends base {
    // The run that it was made in. Undefined while the base class constructs itself, which asks for the context too.
    private readonly binding: TenantBinding | 'none' | undefined = bindings.boundTo(this.name) ?? 'none';

    override getContext(validate = true): this {
      // The global one belongs to MikroORM's own tools: it opens connections and compares schemas.
      if (!this.binding || this.global) return super.getContext(validate);
      // Asked some twenty times for each query. Where no transaction is open in this run it can only be this one.
      return this.assertBound().openTransactions === 0 ? this : super.getContext(validate);
    }

    override fork(options: ForkOptions = {}): this {
      assertOwnSchema(this.config, options.schema);
      return super.fork(options);
    }

    override get schema(): string | undefined {
      return super.schema;
    }

    override set schema(schema: string | null | undefined) {
      assertOwnSchema(this.config, schema ?? undefined);
      super.schema = schema;
    }

    override async transactional<T>(work: (em: this) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
      const binding = this.assertBound();
      binding.openTransactions++;
      try {
        return await super.transactional(async (em) => {
          const result = await work(em);
          binding.assertWritable();
          return result;
        }, options);
      } finally {
        binding.openTransactions--;
      }
    }

    /** @throws TenantRunEndedError outside the run that this was made in */
    private assertBound(): TenantBinding {
      const { binding } = this;
      if (typeof binding !== 'object' || !binding.isOpen || bindings.bound !== binding) {
        throw new TenantRunEndedError(tenantOf(this.name));
      }
      return binding;
    }

    override flush(): Promise<void> {
      try {
        ownership.assertFlush(this.getContext());
      } catch (error) {
        return Promise.reject(error);
      }
      return super.flush();
    }
  }
  const check = (em: SqlEntityManager, args: readonly unknown[]) => {
    for (const arg of args) ownership.assertValue(em, arg);
  };
  for (const method of CHECKED_METHODS) {
    const original = base.prototype[method] as Method;
    define(method, function checked(...args) {
      check(this, args);
      return original.apply(this, args);
    });
  }
  for (const method of CHECKED_ASYNC_METHODS) {
    const original = base.prototype[method] as Method;
    define(method, async function checked(...args) {
      check(this, args);
      return original.apply(this, args);
    });
  }
  define('createQueryBuilder', function checked(...args) {
    const builder = (base.prototype.createQueryBuilder as Method).apply(this, args);
    return guardQueryBuilder(builder as object, {
      schema: (schema) => assertOwnSchema(this.config, schema),
      data: (data) => check(this, [data]),
    });
  });
  return TenantEntityManager;

  function define(name: string, value: Method): void {
    Object.defineProperty(TenantEntityManager.prototype, name, { value, writable: true, configurable: true });
  }
}

/**
 * A unit of work in the database of a tenant: what `fork()` makes, without its copies of filters, parameters and contexts. The global
 * EntityManager of a tenant has none, since nobody but the library gets hold of it.
 */
export function newUnitOfWork({ em }: MikroORM): SqlEntityManager {
  const TenantEntityManager = em.constructor as SqlEntityManagerClass;
  // It resolves the transaction that is open in it, but never another unit of work.
  const resolvesContext = true;
  return new TenantEntityManager(em.config, em.getDriver(), em.getMetadata(), resolvesContext, em.getEventManager());
}

type Method = (this: SqlEntityManager, ...args: unknown[]) => unknown;
