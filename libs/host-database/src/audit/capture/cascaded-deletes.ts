import {
  type AnyEntity,
  ChangeSetType,
  type EntityManager,
  helper,
  LockMode,
  ReferenceKind,
  type UnitOfWork,
} from '@mikro-orm/core';
import type { AuditedEntities } from './audited-entities.js';

/**
 * Adds the audited rows that the database would delete by ON DELETE CASCADE to the flush that deletes what they refer to, so that
 * they are recorded like any other. In a transaction the row they refer to is locked first, and none can be added meanwhile.
 */
export async function addCascadedDeletes(uow: UnitOfWork, em: EntityManager, entities: AuditedEntities): Promise<void> {
  const seen = new Set<AnyEntity>();
  const pending = deleted(uow);
  for (let parent = pending.pop(); parent; parent = pending.pop()) {
    if (seen.has(parent)) continue;
    seen.add(parent);
    for (const child of await childrenOf(parent, em, entities)) {
      const isLeaving = uow.getChangeSets().some(({ entity, type }) => entity === child && isDelete(type));
      if (!isLeaving) uow.computeChangeSet(child, ChangeSetType.DELETE);
      pending.push(child);
    }
  }
}

async function childrenOf(parent: AnyEntity, em: EntityManager, entities: AuditedEntities): Promise<AnyEntity[]> {
  const children: AnyEntity[] = [];
  let isLocked = !em.isInTransaction();
  for (const { meta } of entities.findAll()) {
    for (const { name, kind, owner, deleteRule, targetMeta } of meta.relations) {
      const isReference = kind === ReferenceKind.MANY_TO_ONE || (kind === ReferenceKind.ONE_TO_ONE && owner);
      if (!isReference || deleteRule !== 'cascade' || !targetMeta || !(parent instanceof targetMeta.class)) continue;
      if (!isLocked) {
        await em.lock(parent, LockMode.PESSIMISTIC_WRITE);
        isLocked = true;
      }
      const where = { [name]: helper(parent).getPrimaryKey() };
      children.push(...(await em.find<AnyEntity>(meta.class, where, { filters: false })));
    }
  }
  return children;
}

function deleted(uow: UnitOfWork): AnyEntity[] {
  return uow
    .getChangeSets()
    .filter(({ type }) => isDelete(type))
    .map(({ entity }) => entity);
}

function isDelete(type: ChangeSetType): boolean {
  return type === ChangeSetType.DELETE || type === ChangeSetType.DELETE_EARLY;
}
