export { fleetEntities } from './fleet/fleet-entities.js';
export {
  getTenantRepositoryToken,
  InjectTenantEntityManager,
  InjectTenantRepository,
  TENANT_ENTITY_MANAGER,
} from './inject-tenant.decorators.js';
export type { TenantDatabasesStatistics } from './lease-pool.options.js';
export {
  NoTenantError,
  TenantCapacityError,
  TenantDatabasesClosedError,
  TenantRunEndedError,
  TenantSwitchError,
  WrongTenantError,
} from './tenant-databases.errors.js';
export { TenantDatabasesModule } from './tenant-databases.module.js';
export { resolveTenantDatabasesOptions, TENANT_DATABASES_OPTIONS, TenantDatabasesOptions } from './tenant-databases.options.js';
export { TenantDatabases } from './tenant-databases.service.js';
