import type { EntityManager, UnitOfWork } from '@mikro-orm/core';

/** Values of fields as JSON: references as ids, dates as ISO 8601, secrets as `[redacted]`. */
type FieldValues = Readonly<Record<string, unknown>>;

/** One row that a flush is about to create, change or delete. */
export interface AuditedChange {
  /** `users.created`, `users.updated` or `users.deleted`, or what the entity is audited as instead. */
  readonly eventType: string;
  readonly targetType: string;
  readonly targetId: string;
  /** The tenant that the row belongs to; null where it is the host's. */
  readonly tenantId: string | null;
  readonly details: {
    /** The changed fields as they were, or all fields of a row that is deleted; null for one that is created. */
    readonly before: FieldValues | null;
    /** The changed fields as they will be, or all fields of a row that is created; null for one that is deleted. */
    readonly after: FieldValues | null;
  };
  /** Whose personal data the fields are, and which of the fields above are; null where none is. */
  readonly personal: { readonly subjectId: string; readonly fields: readonly string[] } | null;
}

/** Writes down what a flush changes, as part of that flush. */
export abstract class ChangeRecorder {
  /**
   * Adds the record of `change` to the flush of `uow` that is running: `uow.computeChangeSet(row)`. What it throws, or the database
   * throws for its row, fails the flush and with it the change.
   */
  abstract record(uow: UnitOfWork, em: EntityManager, change: AuditedChange): void | Promise<void>;
}
