import { type EntityName, EntityRepository } from '@mikro-orm/core';
import { SqlEntityManager } from '@mikro-orm/sql';
import type { TenantBindings } from './tenant-bindings.js';

/** What Nest and the language look for on any provider or value, tenant or not. */
const PROBED = new Set<string | symbol>([
  'then',
  'toJSON',
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/**
 * An object that stands for another one, looked up anew at every call. A singleton can hold it, and still reaches the tenant that is
 * bound when the call is made; where none is bound the call throws. Methods run on the object itself, never on a stand-in with a
 * driver of its own.
 */
function lateBound<T extends object>(prototype: T, current: () => T): T {
  const methods = new Map<string | symbol, (...args: unknown[]) => unknown>();
  return new Proxy(Object.create(prototype) as T, {
    get(target, key) {
      if (typeof key === 'symbol' || PROBED.has(key)) return Reflect.get(target, key) as unknown;
      if (!isMethod(prototype, key)) {
        const owner = current();
        const value = Reflect.get(owner, key, owner) as unknown;
        return typeof value === 'function' ? (value.bind(owner) as unknown) : value;
      }
      let method = methods.get(key);
      if (!method) {
        method = (...args) => {
          const owner = current();
          return (Reflect.get(owner, key, owner) as (...values: unknown[]) => unknown).apply(owner, args);
        };
        methods.set(key, method);
      }
      return method;
    },
  });
}

function isMethod(prototype: object, key: string): boolean {
  for (let owner: object | null = prototype; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key);
    if (descriptor) return typeof descriptor.value === 'function';
  }
  return false;
}

/** The EntityManager of whichever tenant is bound when it is called. */
export function tenantEntityManagerProxy(bindings: TenantBindings): SqlEntityManager {
  return lateBound<SqlEntityManager>(SqlEntityManager.prototype, () => bindings.em);
}

/** The repository of whichever tenant is bound when it is called. */
export function tenantRepositoryProxy<E extends object>(bindings: TenantBindings, entity: EntityName<E>): EntityRepository<E> {
  return lateBound<EntityRepository<E>>(
    EntityRepository.prototype as EntityRepository<E>,
    () => bindings.em.getRepository(entity) as EntityRepository<E>,
  );
}
