import type { SqlEntityManagerClass } from '../database/index.js';
import type { EntityOwnership } from './entity-ownership.js';
import type { TenantBindings } from './tenant-bindings.js';

/** Writes that go to the database at once, past the flush that {@link EntityOwnership} watches. */
const IMMEDIATE_WRITES = ['insert', 'insertMany', 'upsert', 'upsertMany', 'nativeUpdate'] as const;

/**
 * Makes the EntityManager class of one tenant's ORM. Every operation of MikroORM asks `getContext()` first, so that one that
 * escaped its run(), through a field, an unawaited promise or a lazy collection, is refused instead of reaching a tenant that is
 * not bound. The writes that no flush sees are checked for entities of other tenants.
 */
export function tenantEntityManager(
  base: SqlEntityManagerClass,
  tenantId: string,
  bindings: TenantBindings,
  ownership: EntityOwnership,
): SqlEntityManagerClass {
  class TenantEntityManager extends base {
    // Undefined while the base class constructs itself, which asks for the context too.
    private readonly isConstructed: true | undefined = true;

    override getContext(validate = true): this {
      const em = super.getContext(validate);
      // The global one belongs to MikroORM's own tools: it opens connections and compares schemas.
      if (this.isConstructed && !em.global) bindings.assertBound(tenantId);
      return em;
    }
  }
  for (const method of IMMEDIATE_WRITES) {
    const write = base.prototype[method] as (...args: unknown[]) => Promise<unknown>;
    Object.defineProperty(TenantEntityManager.prototype, method, {
      async value(...args: unknown[]) {
        for (const arg of args) ownership.assertValue(tenantId, arg);
        return write.apply(this, args);
      },
    });
  }
  return TenantEntityManager;
}
