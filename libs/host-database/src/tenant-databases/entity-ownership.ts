import {
  type AnyEntity,
  type EventSubscriber,
  type FlushEventArgs,
  type EventArgs,
  Collection,
  Reference,
  Utils,
  helper,
} from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { WrongTenantError } from './tenant-databases.errors.js';

/**
 * Knows to which tenant each entity belongs, and refuses to write it anywhere else.
 *
 * MikroORM does not notice an entity that crosses from one ORM to another: a persist, merge or reference is flushed without error
 * and overwrites the row with the same key. An entity belongs to the tenant whose EntityManager made or loaded it; one made with
 * `new` belongs to the first that flushes it.
 */
@Injectable()
export class EntityOwnership {
  private readonly owners = new WeakMap<object, string>();

  /** Watches the ORM of one tenant. */
  subscriberFor(tenantId: string): EventSubscriber {
    return {
      onInit: ({ entity }: EventArgs<AnyEntity>) => this.claim(tenantId, entity),
      beforeFlush: ({ uow }: FlushEventArgs) => {
        for (const entity of uow.getIdentityMap()) this.claimWithReferences(tenantId, entity);
        for (const entity of uow.getPersistStack()) this.claimWithReferences(tenantId, entity);
        for (const entity of uow.getRemoveStack()) this.claim(tenantId, entity);
      },
      // What the flush itself has found by following references from there.
      onFlush: ({ uow }: FlushEventArgs) => {
        for (const { entity } of uow.getChangeSets()) this.claimWithReferences(tenantId, entity);
        for (const collection of uow.getCollectionUpdates()) this.claimItems(tenantId, collection);
      },
      beforeUpsert: ({ entity }: EventArgs<AnyEntity>) => this.assertValue(tenantId, entity),
    };
  }

  /** Checks what is handed to a write that no flush sees: entities, or data with entities in it. @throws WrongTenantError */
  assertValue(tenantId: string, value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) this.assertValue(tenantId, item);
    } else if (Utils.isEntity(value, true)) {
      this.claimWithReferences(tenantId, Reference.unwrapReference(value as AnyEntity));
    } else if (Utils.isPlainObject(value)) {
      for (const item of Object.values(value)) {
        if (Utils.isEntity(item, true)) this.claim(tenantId, Reference.unwrapReference(item as AnyEntity));
      }
    }
  }

  private claim(tenantId: string, entity: object): void {
    const owner = this.owners.get(entity);
    if (owner === undefined) this.owners.set(entity, tenantId);
    else if (owner !== tenantId) throw new WrongTenantError(helper(entity).__meta.className, owner, tenantId);
  }

  private claimWithReferences(tenantId: string, entity: AnyEntity): void {
    this.claim(tenantId, entity);
    for (const { name } of helper(entity).__meta.relations) {
      const value = (entity as Record<string, unknown>)[name];
      if (value instanceof Collection) {
        if (value.isDirty()) this.claimItems(tenantId, value);
      } else if (Utils.isEntity(value, true)) this.claim(tenantId, Reference.unwrapReference(value as AnyEntity));
    }
  }

  private claimItems(tenantId: string, collection: Collection<AnyEntity>): void {
    for (const item of collection.getItems(false)) this.claim(tenantId, item);
  }
}
