/** Key of the metadata that names the route parameter with the tenant. */
export const TENANT_PARAM_METADATA = 'nestjs-host-database:tenant-param';

/** Key of the metadata that says that a route of a tenant works whatever the tenant's status. */
export const TENANT_INACTIVE_METADATA = 'nestjs-host-database:tenant-inactive';

/** Key of the metadata that says who may call a route at all. */
export const ACCESS_LEVEL_METADATA = 'nestjs-host-database:access-level';

/** Key of the metadata that says that a public route is refused to the pages of other sites. */
export const OWN_PAGES_ONLY_METADATA = 'nestjs-host-database:own-pages-only';

/** Key of the metadata with the least role that a route asks for. */
export const REQUIRED_ROLE_METADATA = 'nestjs-host-database:required-role';

/** Key of the metadata that says whether a route asks for a subscription. */
export const REQUIRED_SUBSCRIPTION_METADATA = 'nestjs-host-database:required-subscription';

/** Key of the metadata with the features that a route asks for. */
export const REQUIRED_FEATURES_METADATA = 'nestjs-host-database:required-features';

/** Key of the metadata with the least level of a plan that a route asks for. */
export const REQUIRED_TIER_METADATA = 'nestjs-host-database:required-tier';

/** Key of the metadata with the permissions that a route asks for. */
export const REQUIRED_PERMISSIONS_METADATA = 'nestjs-host-database:required-permissions';
