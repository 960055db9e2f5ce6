/** What a tenant is asked for by. */
export type TenantKeyKind = 'id' | 'slug' | 'domain';

/** One question to the catalogue. */
export type TenantKey = `${TenantKeyKind}:${string}`;

/** What is asked for: the id, the slug or the domain itself. */
export function valueOf(key: TenantKey): string {
  return key.slice(key.indexOf(':') + 1);
}

/** What the keys of one kind ask for. */
export function valuesOf(keys: Iterable<TenantKey>, kind: TenantKeyKind): string[] {
  return [...keys].filter((key) => key.startsWith(`${kind}:`)).map(valueOf);
}
