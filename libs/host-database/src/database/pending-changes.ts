import { type AnyEntity, Collection, type EntityManager, type EventSubscriber, helper, Reference, Utils } from '@mikro-orm/core';

/**
 * Whether a flush could write anything: a cheaper question than the flush that finds nothing, which most units of work end with.
 *
 * Answered with MikroORM's own snapshots and comparator, so that a changed field, an edited JSON value or a touched collection counts.
 * In doubt the answer is yes, and the flush decides.
 */
export function hasPendingChanges(em: EntityManager): boolean {
  const unitOfWork = em.getUnitOfWork();
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
  for (const entity of unitOfWork.getIdentityMap()) {
    if (isChanged(em, entity)) return true;
  }
  return false;
}

function listensToFlushes(em: EntityManager): boolean {
  for (const subscriber of em.getEventManager().getSubscribers() as Set<EventSubscriber>) {
    if (subscriber.beforeFlush ?? subscriber.onFlush ?? subscriber.afterFlush) return true;
  }
  return false;
}

function isChanged(em: EntityManager, entity: AnyEntity): boolean {
  const wrapped = helper(entity);
  const original = wrapped.__originalEntityData;
  if (!original) return true;
  const comparator = em.getComparator();
  const current = comparator.prepareEntity(entity);
  if (!wrapped.__initialized) return !Utils.equals(current, original);
  if (Utils.hasObjectKeys(comparator.diffEntities(wrapped.__meta.class, original, current))) return true;
  return wrapped.__meta.relations.some(({ name }) => isUnsettled(em, (entity as Record<string, unknown>)[name]));
}

/** A collection that was touched, or a reference to an entity that this unit of work has not loaded itself. */
function isUnsettled(em: EntityManager, value: unknown): boolean {
  if (value instanceof Collection) return value.isDirty();
  if (!Utils.isEntity(value, true)) return false;
  return helper(Reference.unwrapReference(value as AnyEntity)).__em?.name !== em.name;
}
