import {
  type AnyEntity,
  ChangeSetType,
  type EntityManager,
  helper,
  LockMode,
  ReferenceKind,
  type UnitOfWork,
} from '@mikro-orm/core';
import { UnauditedWriteError } from '../audit.errors.js';
import type { AuditedEntities } from './audited-entities.js';

/**
 * Adds the audited rows that the database would delete by ON DELETE CASCADE to the flush that deletes what they refer to, so that
 * they are recorded like any other. The row they refer to is locked first, so that none can be added meanwhile.
 *
 * @throws UnauditedWriteError outside a transaction, where nothing stays locked. A flush that removes has one from its start; this is for
 * what a subscriber removes in the midst of a flush that had none
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
  let isLocked = false;
  for (const { meta, tables } of entities.findAll()) {
    for (const { name, kind, owner, deleteRule, targetMeta } of meta.relations) {
      const isReference = kind === ReferenceKind.MANY_TO_ONE || (kind === ReferenceKind.ONE_TO_ONE && owner);
      if (!isReference || deleteRule !== 'cascade' || !targetMeta || !(parent instanceof targetMeta.class)) continue;
      if (!isLocked) {
        if (!em.isInTransaction()) throw new UnauditedWriteError(tables);
        // By the driver: the EntityManager locks what it manages, and may remove what it does not.
        await em.getDriver().lockPessimistic(parent, { ctx: em.getTransactionContext(), lockMode: LockMode.PESSIMISTIC_WRITE });
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
