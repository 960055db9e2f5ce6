import { type AnyEntity, Collection, type EntityManager, helper, Reference, Utils } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { TENANT_CONTEXT_PREFIX } from '../database/index.js';
import { WrongTenantError } from './tenant-databases.errors.js';

/** The `contextName` of a tenant's ORM; it outlives the connection, so that an entity belongs to the tenant for good. */
export function tenantContextName(tenantId: string): string {
  return `${TENANT_CONTEXT_PREFIX}${tenantId}`;
}

/**
 * Refuses to write an entity of one tenant in the database of another.
 *
 * MikroORM does not notice: a persist, merge or reference is flushed without error and overwrites the row with the same key. It does
 * remember by which EntityManager an entity was loaded or first written (`__em`), and overwrites that for a merge only; so everything
 * is looked at before it is merged, and once more, with all that it refers to, before it is flushed. Nothing is done at each load.
 */
@Injectable()
export class EntityOwnership {
  /** Looks at all that a flush of this EntityManager would reach. @throws WrongTenantError */
  assertFlush(em: EntityManager): void {
    const unitOfWork = em.getUnitOfWork();
    // All that is managed is looked at here; what it refers to, and is not managed, is followed from there.
    const seen = new Set<object>(unitOfWork.getIdentityMap());
    for (const entity of unitOfWork.getPersistStack()) seen.add(entity);
    const reached = [...seen] as AnyEntity[];
    for (const entity of reached) this.assertReferences(em, entity, seen);
    for (const entity of unitOfWork.getRemoveStack()) this.assertOwn(em, entity);
  }

  /** Looks at what is handed to a method: entities, or data with entities in it. @throws WrongTenantError */
  assertValue(em: EntityManager, value: unknown, seen = new Set<object>()): void {
    if (value === null || typeof value !== 'object' || seen.has(value)) return;
    if (Utils.isEntity(value, true)) {
      this.assertGraph(em, Reference.unwrapReference(value as AnyEntity), seen);
    } else if (Array.isArray(value) || Utils.isPlainObject(value)) {
      seen.add(value);
      for (const item of Object.values(value)) this.assertValue(em, item, seen);
    }
  }

  /** An entity, and all that it refers to: MikroORM persists what is not managed here along with it. */
  private assertGraph(em: EntityManager, entity: AnyEntity, seen: Set<object>): void {
    if (seen.has(entity)) return;
    seen.add(entity);
    this.assertReferences(em, entity, seen);
  }

  private assertReferences(em: EntityManager, entity: AnyEntity, seen: Set<object>): void {
    this.assertOwn(em, entity);
    for (const { name } of helper(entity).__meta.relations) {
      const value = (entity as Record<string, unknown>)[name];
      if (value instanceof Collection) {
        for (const item of value.getItems(false)) this.assertGraph(em, item as AnyEntity, seen);
      } else if (Utils.isEntity(value, true)) {
        this.assertGraph(em, Reference.unwrapReference(value as AnyEntity), seen);
      }
    }
  }

  private assertOwn(em: EntityManager, entity: AnyEntity): void {
    const owner = helper(entity).__em?.name;
    if (owner === undefined || owner === em.name) return;
    throw new WrongTenantError(helper(entity).__meta.className, tenantOf(owner), tenantOf(em.name));
  }
}

/** The id of the tenant whose EntityManager has this name. */
export function tenantOf(name: string): string {
  return name.startsWith(TENANT_CONTEXT_PREFIX) ? name.slice(TENANT_CONTEXT_PREFIX.length) : name;
}
