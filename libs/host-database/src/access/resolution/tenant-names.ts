import { isIP } from 'node:net';
import { isId } from '../../common/index.js';
import type { TenantResolutionOptions, TenantSource } from './resolution.options.js';

/** What a request has to say about its tenant. */
export interface TenantHints {
  /** The host that the client has asked for, as the adapter says it: behind a proxy only what a trusted one has passed on. */
  readonly host?: string | undefined;
  /** The value of the route parameter. */
  readonly path?: string | undefined;
  /** The value of the header `x-tenant-id`. */
  readonly header?: string | undefined;
}

/** One place in a request that names a tenant. */
export interface TenantName {
  readonly source: TenantSource;
  readonly kind: 'id' | 'slug' | 'domain';
  readonly value: string;
}

/** The places in a request that name a tenant, in the configured order. */
export function tenantNames(hints: TenantHints, options: TenantResolutionOptions): TenantName[] {
  const names = options.sources.map((source) => ({ source, ...NAME_BY[source](hints, options) }));
  return names.filter((name): name is TenantName => 'value' in name && name.value !== undefined);
}

type Named = Partial<Pick<TenantName, 'kind' | 'value'>>;

/** What each place says. */
const NAME_BY: Readonly<Record<TenantSource, (hints: TenantHints, options: TenantResolutionOptions) => Named>> = {
  path: ({ path }) => ({ kind: isId(path) ? 'id' : 'slug', value: path }),
  header: ({ header }) => ({ kind: 'id', value: header }),
  subdomain: ({ host }, options) => ({ kind: 'slug', value: labelOf(host, options) }),
  domain: ({ host }, options) => {
    const name = hostName(host);
    return name === undefined || isOfApplication(name, options) ? {} : { kind: 'domain', value: name };
  },
};

/** What comes before the base domain. */
function labelOf(host: string | undefined, { baseDomain = '', reservedSubdomains, ownHosts }: TenantResolutionOptions) {
  const name = hostName(host);
  const end = `.${baseDomain.toLowerCase()}`;
  if (name === undefined || !name.endsWith(end) || isAmong(ownHosts, name)) return undefined;
  const label = name.slice(0, -end.length);
  return isAmong(reservedSubdomains, label) ? undefined : label;
}

/** Whether a host is the application's, or below its base domain, and so no custom domain of a tenant. */
function isOfApplication(name: string, { baseDomain, ownHosts }: TenantResolutionOptions): boolean {
  const base = baseDomain?.toLowerCase();
  return isAmong(ownHosts, name) || (base !== undefined && (name === base || name.endsWith(`.${base}`)));
}

function isAmong(names: readonly string[], name: string): boolean {
  return names.some((each) => each.toLowerCase() === name);
}

/** The host without its port, in lower case; undefined for addresses and names of one label, which are no domain. */
function hostName(host: string | undefined): string | undefined {
  const name = host?.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
  return name === undefined || isIP(name) !== 0 || name.startsWith('[') || !name.includes('.') ? undefined : name;
}
