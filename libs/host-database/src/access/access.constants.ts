/** Key of the metadata that names the route parameter with the tenant's id. */
export const TENANT_PARAM_METADATA = 'nestjs-host-database:tenant-param';
