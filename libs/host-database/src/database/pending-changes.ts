import { type AnyEntity, Collection, type EntityComparator, type EntityManager, helper, Reference, Utils } from '@mikro-orm/core';
import { isSurelyUnchanged } from './unchanged-entity.js';

type IdentityMap = ReturnType<ReturnType<EntityManager['getUnitOfWork']>['getIdentityMap']>;

/** Marks a subscriber that adds to flushes which write something, and has nothing to add to one that does not. */
export const FOLLOWS_CHANGES: unique symbol = Symbol('nestjs-host-database:follows-changes');

/** A subscriber to any of these may change what is flushed, or count on being told. */
const FLUSH_EVENTS = ['beforeFlush', 'onFlush', 'afterFlush'] as const;

/**
 * Whether a flush could write anything: a cheaper question than the flush that finds nothing, which most units of work end with.
 *
 * Answered with MikroORM's own snapshots and comparator, so that a changed field, an edited JSON value or a touched collection counts.
 * In doubt the answer is yes, and the flush decides.
 */
export function hasPendingChanges(em: EntityManager): boolean {
  const unitOfWork = em.getUnitOfWork(false);
  if (
    unitOfWork.getPersistStack().size > 0 ||
    unitOfWork.getRemoveStack().size > 0 ||
    unitOfWork.getOrphanRemoveStack().size > 0 ||
    unitOfWork.getCollectionUpdates().length > 0 ||
    unitOfWork.getExtraUpdates().size > 0 ||
    listensToFlushes(em)
  ) {
    return true;
  }
  const comparator = em.config.getComparator(em.getMetadata());
  const identityMap = unitOfWork.getIdentityMap();
  for (const entity of identityMap) {
    if (isChanged(entity, comparator) || refersElsewhere(entity, identityMap)) return true;
  }
  return false;
}

function listensToFlushes(em: EntityManager): boolean {
  for (const subscriber of em.getEventManager().getSubscribers()) {
    if (!(FOLLOWS_CHANGES in subscriber) && FLUSH_EVENTS.some((event) => event in subscriber)) return true;
  }
  return false;
}

function isChanged(entity: AnyEntity, comparator: EntityComparator): boolean {
  if (isSurelyUnchanged(entity)) return false;
  const wrapped = helper(entity);
  const original = wrapped.__originalEntityData;
  if (!original) return true;
  const current = comparator.prepareEntity(entity);
  return wrapped.__initialized
    ? Utils.hasObjectKeys(comparator.diffEntities(wrapped.__meta.class, original, current))
    : !Utils.equals(current, original);
}

/** A collection that was touched, or a reference to an entity that is not managed here and that a flush would take in. */
function refersElsewhere(entity: AnyEntity, identityMap: IdentityMap): boolean {
  for (const relation of helper(entity).__meta.relations) {
    const value = (entity as Record<string, unknown>)[relation.name];
    if (value instanceof Collection) {
      if (value.isDirty() || value.getItems(false).some((item) => identityMap.getByEntity(item) !== item)) return true;
    } else if (value) {
      const target = Reference.unwrapReference(value as AnyEntity);
      if (!helper(target) || identityMap.getByEntity(target) !== target) return true;
    }
  }
  return false;
}
