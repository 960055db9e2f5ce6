import { UniqueConstraintViolationException } from '@mikro-orm/core';

/** A unique constraint, as PostgreSQL names it and as SQLite reports it. */
export interface UniqueConstraint {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
}

/** Whether an error says that this unique constraint was violated, on either dialect. */
export function violatesUnique(error: unknown, { name, table, columns }: UniqueConstraint): boolean {
  if (!(error instanceof UniqueConstraintViolationException)) return false;
  if ('constraint' in error && error.constraint !== undefined) return error.constraint === name;
  return error.message.includes(`UNIQUE constraint failed: ${columns.map((column) => `${table}.${column}`).join(', ')}`);
}
