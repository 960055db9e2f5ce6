import type { SqlEntityManager } from '@mikro-orm/sql';
import type { SqlEntityManagerClass, TransactionScope } from '../database/index.js';
import type { EntityOwnership } from './entity-ownership.js';
import type { TenantBindings } from './tenant-bindings.js';

/** What can carry an entity of another tenant past a flush, or make it look like one's own before. */
const CHECKED_METHODS = ['merge', 'insert', 'insertMany', 'upsert', 'upsertMany', 'nativeUpdate'] as const;

/** What a tenant's EntityManager class is made of. */
interface TenantEntityManagerParts {
  readonly tenantId: string;
  readonly bindings: TenantBindings;
  readonly ownership: EntityOwnership;
  readonly scope: TransactionScope;
}

/**
 * Makes the EntityManager class of one tenant's ORM. Every operation of MikroORM asks `getContext()` first, so that one that
 * escaped its run(), through a field, an unawaited promise or a lazy collection, is refused instead of reaching a tenant that is
 * not bound. Every write is checked for entities of other tenants.
 */
export function tenantEntityManager(
  base: SqlEntityManagerClass,
  { tenantId, bindings, ownership, scope }: TenantEntityManagerParts,
): SqlEntityManagerClass {
  class TenantEntityManager extends base {
    // Undefined while the base class constructs itself, which asks for the context too.
    private readonly isConstructed: true | undefined = true;

    override getContext(validate = true): this {
      // The global one belongs to MikroORM's own tools: it opens connections and compares schemas.
      if (!this.isConstructed || this.global) return super.getContext(validate);
      bindings.assertBound(tenantId);
      // Asked some twenty times for each query; where no transaction is open it can only be this one.
      return scope.isIdle ? this : super.getContext(validate);
    }

    override async flush(): Promise<void> {
      ownership.assertFlush(this.getContext());
      await super.flush();
    }
  }
  for (const method of CHECKED_METHODS) {
    const write = base.prototype[method] as (this: SqlEntityManager, ...args: unknown[]) => unknown;
    const isAsync = method !== 'merge';
    Object.defineProperty(TenantEntityManager.prototype, method, {
      value(this: SqlEntityManager, ...args: unknown[]): unknown {
        try {
          for (const arg of args) ownership.assertValue(this, arg);
        } catch (error) {
          if (isAsync) return Promise.reject(error as Error);
          throw error;
        }
        return write.apply(this, args);
      },
    });
  }
  return TenantEntityManager;
}
