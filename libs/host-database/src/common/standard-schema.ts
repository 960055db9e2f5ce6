/** What a Standard Schema (zod, valibot, arktype) says of a value that it does not like. */
interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Returns what is wrong, and where. */
export function problemOf({ message, path = [] }: SchemaIssue): string {
  const field = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.');
  return field === '' ? message : `${field}: ${message}`;
}
