import { StringType } from '@mikro-orm/core';

/**
 * An email column: written and looked up in lower case, so that an address is one person whatever its case. A check constraint
 * holds other writers to it.
 */
export class EmailType extends StringType {
  override convertToDatabaseValue(value: string | null | undefined): string | null | undefined {
    return typeof value === 'string' ? value.toLowerCase() : value;
  }
}
