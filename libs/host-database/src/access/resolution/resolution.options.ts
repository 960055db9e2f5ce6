/** Where a request may say which tenant it is for. The verified token always comes first. */
export const TENANT_SOURCES = ['domain', 'subdomain', 'path', 'header'] as const;

export type TenantSource = (typeof TENANT_SOURCES)[number];

/** How the tenant of a request is found. */
export interface TenantResolutionOptions {
  /** In which order; what is missing is not looked at. @default ['path'] */
  readonly sources: readonly TenantSource[];
}

export const defaultTenantResolutionOptions: TenantResolutionOptions = { sources: ['path'] };
