import { type AnyEntity, type EntityClass, type EntityMetadata, MikroORM, ReferenceKind } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { UnauditableEntityError } from '../audit.errors.js';
import { AuditedTables } from './audited-tables.js';

/** A field of an entity. */
type Field<T> = Extract<keyof T, string>;

/** How the changes of an entity are recorded. */
export interface AuditedEntityOptions<T> {
  /** The first part of the event types: `users` gives `users.created`, `users.updated` and `users.deleted`. */
  readonly name: string;
  /** What the target is called. @default the name of the entity's class */
  readonly targetType?: string;
  /** Fields whose values are never recorded, only that they changed. Those that are `hidden()` are secret anyway. */
  readonly secret?: readonly Field<T>[];
  /** Fields that are personal data, and the field that holds the id of the person they are about. */
  readonly personal?: { readonly subject: Field<T>; readonly fields: readonly Field<T>[] };
  /** The field that holds the id of the tenant that a row belongs to. @default none: the row is the host's */
  readonly tenant?: Field<T>;
}

/** An entity whose changes are recorded. */
export interface AuditedEntity {
  readonly meta: EntityMetadata;
  readonly name: string;
  readonly targetType: string;
  readonly secret: ReadonlySet<string>;
  readonly personal: { readonly subject: string; readonly fields: ReadonlySet<string> } | undefined;
  readonly tenant: string | undefined;
  /** Its table and those of the many-to-many relations that it owns, in lower case. */
  readonly tables: readonly string[];
}

/**
 * The entities of the host database whose changes are recorded: the host's own, which their rooms register, and those that an
 * application adds.
 *
 * Register in the constructor of a module, so that no start-up code writes before:
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
   * @throws UnauditableEntityError when the entity is not one of the host database, is registered already, or has a key that the
   * database makes: it is not known yet when the change is recorded
   */
  register<T extends object>(entity: EntityClass<T>, options: AuditedEntityOptions<T>): void {
    const meta = this.orm.getMetadata().find(entity) as EntityMetadata | undefined;
    if (!meta) throw new UnauditableEntityError(entity.name, 'is no entity of the host database');
    const problem = this.entities.has(meta.class) ? 'is registered already' : problemOf(meta);
    if (problem !== undefined) throw new UnauditableEntityError(entity.name, problem);
    this.entities.set(meta.class, auditedEntity(meta, options));
    this.watched = new AuditedTables([...this.entities.values()].flatMap(({ tables }) => tables));
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
}

function problemOf(meta: EntityMetadata): string | undefined {
  if (meta.inheritanceType === 'tpt') return 'is spread over several tables';
  if (meta.virtual || meta.view) return 'is not a table';
  const isMadeByDatabase = meta.getPrimaryProps().some((prop) => prop.autoincrement || prop.generated || prop.defaultRaw != null);
  return isMadeByDatabase ? 'has a primary key that the database makes; make it with onCreate()' : undefined;
}

function auditedEntity<T>(meta: EntityMetadata, options: AuditedEntityOptions<T>): AuditedEntity {
  const { name, targetType = meta.className, secret = [], personal, tenant } = options;
  const pivots = meta.relations.filter(
    ({ kind, owner, pivotTable }) => kind === ReferenceKind.MANY_TO_MANY && owner && pivotTable,
  );
  return {
    meta,
    name,
    targetType,
    tenant,
    secret: new Set([...secret, ...meta.props.filter(({ hidden }) => hidden).map((prop) => prop.name)]),
    personal: personal && { subject: personal.subject, fields: new Set(personal.fields) },
    tables: [meta.tableName, ...pivots.map(({ pivotTable }) => pivotTable)].map((table) => table.toLowerCase()),
  };
}
