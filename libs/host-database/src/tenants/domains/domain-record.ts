const VALUE_PREFIX = 'tenant-domain=';

/** A TXT record that whoever owns a domain can publish. */
export interface DomainRecord {
  readonly type: 'TXT';
  readonly name: string;
  readonly value: string;
}

/** Returns what the owner of a claimed domain publishes. */
export function recordOf(
  { domain, token }: { readonly domain: string; readonly token: string },
  { recordPrefix }: { readonly recordPrefix: string },
): DomainRecord {
  return { type: 'TXT', name: `${recordPrefix}.${domain}`, value: `${VALUE_PREFIX}${token}` };
}
