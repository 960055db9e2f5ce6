import { type AnyEntity, ChangeSetType, Collection, type EntityManager, ReferenceKind, type UnitOfWork } from '@mikro-orm/core';
import type { AuditedEntities } from './audited-entities.js';
import type { AuditedEntity } from './audited-entity.js';
import type { AuditedChangeKind } from './audited-entity.options.js';
import { entityJson, snapshotJson } from './field-values.js';

/** What a flush is about to do with one audited row. */
export interface PendingWrite {
  readonly audited: AuditedEntity;
  readonly entity: AnyEntity;
  readonly kind: AuditedChangeKind;
  /** The new values as JSON, by field. Empty for a row that is deleted. */
  readonly after: Map<string, unknown>;
  /** Old values that no snapshot of the row holds: those of collections. */
  readonly before: Map<string, unknown>;
}

const KINDS = {
  [ChangeSetType.CREATE]: 'created',
  [ChangeSetType.UPDATE]: 'updated',
  [ChangeSetType.UPDATE_EARLY]: 'updated',
  [ChangeSetType.DELETE]: 'deleted',
  [ChangeSetType.DELETE_EARLY]: 'deleted',
} as const;

/**
 * Returns what a flush is about to write of the audited entities: its change sets, the updates that MikroORM puts off (a unique value
 * that moves from row to row), and the many-to-many collections that an audited entity owns.
 */
export function pendingWrites(uow: UnitOfWork, em: EntityManager, entities: AuditedEntities): PendingWrite[] {
  const writes = new Map<AnyEntity, PendingWrite>();
  for (const changeSet of uow.getChangeSets()) {
    const write = writeOf(changeSet.entity, KINDS[changeSet.type]);
    for (const [key, value] of Object.entries(changeSet.payload)) {
      const prop = write?.audited.meta.properties[key];
      // The version is counted by the database, and says nothing about the row.
      if (write && !prop?.version) write.after.set(key, snapshotJson(value, prop, em.getPlatform()));
    }
  }
  for (const [entity, names, values] of uow.getExtraUpdates()) {
    if (!Array.isArray(names)) {
      if (values instanceof Collection) addCollection(values);
      continue;
    }
    const write = writeOf(entity, 'updated');
    for (const [index, name] of names.entries()) {
      const prop = write?.audited.meta.properties[name];
      if (prop) write?.after.set(name, entityJson((values as unknown[])[index], prop, em.getPlatform()));
    }
  }
  uow.getCollectionUpdates().forEach(addCollection);
  return [...writes.values()];

  function writeOf(entity: AnyEntity, kind: PendingWrite['kind']): PendingWrite | undefined {
    const known = writes.get(entity);
    if (known) return known;
    const audited = entities.find(entity.constructor);
    if (!audited) return undefined;
    const write = { audited, entity, kind, after: new Map<string, unknown>(), before: new Map<string, unknown>() };
    writes.set(entity, write);
    return write;
  }

  function addCollection(collection: Collection<object>): void {
    const { property } = collection;
    if (property.kind !== ReferenceKind.MANY_TO_MANY || !property.owner) return;
    const write = writeOf(collection.owner, 'updated');
    if (write?.kind === 'deleted') return;
    write?.before.set(property.name, keysOf(collection.getSnapshot() ?? []));
    write?.after.set(property.name, keysOf(collection.getItems(false)));
  }

  function keysOf(items: readonly object[]): unknown[] {
    return items.map((item) => snapshotJson(item, undefined, em.getPlatform()));
  }
}
