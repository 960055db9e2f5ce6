import { InvalidOptionError } from '../../common/index.js';

/** Where a request may say which tenant it is for. The verified token always comes first. */
export const TENANT_SOURCES = ['domain', 'subdomain', 'path', 'header'] as const;

export type TenantSource = (typeof TENANT_SOURCES)[number];

/** How the tenant of a request is found. */
export interface TenantResolutionOptions {
  /**
   * In which order: `domain`, a verified domain of the tenant; `subdomain`, its slug before {@link baseDomain}; `path`, its id or slug in
   * the route parameter; `header`, its id in `x-tenant-id`. All that a request has must name the same tenant; what is missing here is not
   * looked at. @default ['path']
   */
  readonly sources: readonly TenantSource[];
  /** The domain under which tenants have subdomains, such as `example.com`. The source `subdomain` needs it. */
  readonly baseDomain?: string;
  /** Subdomains of {@link baseDomain} that are no tenant's. @default ['www'] */
  readonly reservedSubdomains: readonly string[];
  /** Hosts of the application itself, such as `api.example.com`: a request to one of them names no tenant by its host. */
  readonly ownHosts: readonly string[];
}

export const defaultTenantResolutionOptions: TenantResolutionOptions = {
  sources: ['path'],
  reservedSubdomains: ['www'],
  ownHosts: [],
};

/** @throws InvalidOptionError */
export function assertTenantResolutionOptions(options: TenantResolutionOptions): TenantResolutionOptions {
  const { sources, baseDomain } = options;
  const unknown = sources.find((source) => !TENANT_SOURCES.includes(source));
  if (unknown !== undefined) {
    throw new InvalidOptionError('access.resolution.sources', `has '${unknown}'. Use some of: ${TENANT_SOURCES.join(', ')}.`);
  }
  if (sources.includes('subdomain') && baseDomain === undefined) {
    throw new InvalidOptionError(
      'access.resolution.baseDomain',
      `is missing. Name the domain under which tenants have subdomains.`,
    );
  }
  return options;
}
