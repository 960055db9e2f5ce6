import type { AnyEntity, EntityClass } from '@mikro-orm/core';

/** A field of an entity. */
type Field<T> = Extract<keyof T, string>;

/** How the changes of an entity are recorded. */
export interface AuditedEntityOptions<T> {
  /** The first part of the event types: `invoices` gives `invoices.created`, `invoices.updated` and `invoices.deleted`. */
  readonly name: string;
  /** Other event types, whole: `{ deleted: 'billing.invoice-deleted' }`. */
  readonly events?: Partial<Readonly<Record<AuditedChangeKind, string>>>;
  /** What the target is called. @default the name of the entity's class */
  readonly targetType?: string;
  /** The field that holds the id of the target. @default the primary key */
  readonly targetId?: Field<T>;
  /** The fields that are recorded; a change of others alone has no record. Either this or `except`. @default all */
  readonly fields?: readonly Field<T>[];
  /** The fields that are not recorded at all. */
  readonly except?: readonly Field<T>[];
  /** Fields whose values are never recorded, only that they changed. Those that are `hidden()` are secret anyway. */
  readonly secret?: readonly Field<T>[];
  /** Fields that are personal data, and the field that holds the id of the person they are about. */
  readonly personal?: { readonly subject: Field<T>; readonly fields: readonly Field<T>[] };
  /**
   * The field that holds the id of the tenant that a row belongs to. Not for the entities of tenants' databases, whose rows are all of
   * that tenant.
   *
   * @default none: the row is the host's
   */
  readonly tenant?: Field<T>;
}

/** What happens to a row. */
export type AuditedChangeKind = 'created' | 'updated' | 'deleted';

/** An entity and how its changes are recorded: what {@link defineAuditedEntity} returns. */
export interface AuditedEntityDefinition {
  readonly entity: EntityClass<AnyEntity>;
  readonly options: AuditedEntityOptions<AnyEntity>;
}

/**
 * Says how the changes of an entity are recorded, for the options `audit.entities` (host database) and `audit.tenantEntities` (the
 * tenants' databases). A field that the entity has not does not compile, and stops the boot.
 */
export function defineAuditedEntity<T extends object>(
  entity: EntityClass<T>,
  options: AuditedEntityOptions<T>,
): AuditedEntityDefinition {
  return { entity, options: options as AuditedEntityOptions<AnyEntity> };
}
