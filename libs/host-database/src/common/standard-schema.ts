import type { StandardSchemaV1 } from '@standard-schema/spec';

/** What a Standard Schema (zod, valibot, arktype) does not like, and where. */
export function problemOf({ message, path = [] }: StandardSchemaV1.Issue): string {
  const field = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.');
  return field === '' ? message : `${field}: ${message}`;
}
