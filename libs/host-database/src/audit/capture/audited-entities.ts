import { type AnyEntity, type EntityClass, type EntityMetadata, MikroORM } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { UnauditableEntityError } from '../audit.errors.js';
import { type AuditedEntity, auditedEntity, problemOf } from './audited-entity.js';
import type { AuditedEntityDefinition, AuditedEntityOptions } from './audited-entity.options.js';
import { AuditedTables } from './audited-tables.js';

/**
 * The entities of one kind of database whose changes are recorded: the host's own, which their rooms register, and those that an
 * application adds.
 *
 * An application names its entities in `audit.entities`. A module that is used by several applications may register its own, in its
 * constructor, so that no start-up code writes before:
 * `constructor(audited: AuditedEntities) { audited.register(Invoice, { name: 'invoices' }); }`
 */
@Injectable()
export class AuditedEntities {
  private readonly entities = new Map<unknown, AuditedEntity>();
  private watched = new AuditedTables([]);

  constructor(private readonly orm: MikroORM) {}

  /** The tables that only a captured flush may write. */
  get tables(): AuditedTables {
    return this.watched;
  }

  /**
   * Records every change of this entity from now on, and refuses writes to its table that go past the unit of work. The subclasses
   * of single table inheritance are included.
   *
   * @throws UnauditableEntityError when the entity is not one of the database, is registered already, has not the fields that are
   * named, would be recorded as what another is or as no event type, or has a key that the database makes: it is not known yet when the
   * change is recorded
   */
  register<T extends object>(entity: EntityClass<T>, options: AuditedEntityOptions<T>): void {
    const meta = this.orm.getMetadata().find(entity) as EntityMetadata | undefined;
    if (!meta) throw new UnauditableEntityError(entity.name, 'is no entity of the database');
    const audited = auditedEntity(meta, options);
    const problem = this.entities.has(meta.class)
      ? 'is registered already'
      : (problemOf(audited, options) ?? this.conflictOf(audited));
    if (problem !== undefined) throw new UnauditableEntityError(entity.name, problem);
    this.entities.set(meta.class, audited);
    this.watched = new AuditedTables([...this.entities.values()].flatMap(({ tables }) => tables));
  }

  /** Registers what `defineAuditedEntity()` has made. @throws UnauditableEntityError */
  registerAll(definitions: readonly AuditedEntityDefinition[]): void {
    for (const { entity, options } of definitions) this.register(entity, options);
  }

  /** Finds how changes of this class are recorded, if they are. */
  find(entity: EntityClass<AnyEntity>): AuditedEntity | undefined {
    for (let current: unknown = entity; typeof current === 'function'; current = Object.getPrototypeOf(current)) {
      const audited = this.entities.get(current);
      if (audited) return audited;
    }
    return undefined;
  }

  /** All entities whose changes are recorded. */
  findAll(): AuditedEntity[] {
    return [...this.entities.values()];
  }

  /** Whoever reads the log could not tell them apart. */
  private conflictOf({ eventTypes }: AuditedEntity): string | undefined {
    const wanted = new Set(Object.values(eventTypes));
    for (const other of this.entities.values()) {
      const taken = Object.values(other.eventTypes).find((type) => wanted.has(type));
      if (taken !== undefined) return `would be recorded as '${taken}', as ${other.meta.className} is`;
    }
    return undefined;
  }
}
