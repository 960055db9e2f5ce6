import type { Configuration } from '@mikro-orm/core';
import { WrongSchemaError } from './database.errors.js';

/** The schema that an ORM may not leave: that of the tenant's address. Undefined where the whole database is the tenant's, and for the host. */
export function ownSchemaOf(config: Configuration): string | undefined {
  return (config.getDriver() as { readonly ownSchema?: string }).ownSchema;
}

/** @throws WrongSchemaError when an ORM that has a schema of its own is asked for another */
export function assertOwnSchema(config: Configuration, schema: string | undefined): void {
  const own = ownSchemaOf(config);
  if (own !== undefined && schema !== undefined && schema !== '*' && schema !== own) throw new WrongSchemaError(own, schema);
}
