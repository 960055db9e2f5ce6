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
    const seen = new Set<object>();
    for (const entity of unitOfWork.getIdentityMap()) this.assertGraph(em, entity, seen);
    for (const entity of unitOfWork.getPersistStack()) this.assertGraph(em, entity, seen);
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

  private assertOwn(em: EntityManager, entity: AnyEntity): void {
    const owner = helper(entity).__em?.name;
    if (owner === undefined || owner === em.name) return;
    throw new WrongTenantError(helper(entity).__meta.className, withoutPrefix(owner), withoutPrefix(em.name));
  }

  /** An entity and what it refers to; through what is not managed here as far as it leads. */
  private assertGraph(em: EntityManager, entity: AnyEntity, seen: Set<object>): void {
    if (seen.has(entity)) return;
    seen.add(entity);
    this.assertOwn(em, entity);
    for (const { name } of helper(entity).__meta.relations) {
      const value = (entity as Record<string, unknown>)[name];
      if (value instanceof Collection) {
        if (value.isDirty()) for (const item of value.getItems(false)) this.assertReferenced(em, item as AnyEntity, seen);
      } else if (Utils.isEntity(value, true)) {
        this.assertReferenced(em, Reference.unwrapReference(value as AnyEntity), seen);
      }
    }
  }

  private assertReferenced(em: EntityManager, entity: AnyEntity, seen: Set<object>): void {
    // What is managed here is reached by itself. What is not, new or kept from an earlier run, MikroORM persists with all it refers to.
    if (em.getUnitOfWork().getIdentityMap().getByEntity(entity) === entity) this.assertOwn(em, entity);
    else this.assertGraph(em, entity, seen);
  }
}

function withoutPrefix(name: string): string {
  return name.startsWith(TENANT_CONTEXT_PREFIX) ? name.slice(TENANT_CONTEXT_PREFIX.length) : name;
}
