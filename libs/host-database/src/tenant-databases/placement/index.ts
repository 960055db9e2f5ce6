export { OpenHostCheck } from './open-host.check.js';
export { PlacingConditions } from './placing-conditions.js';
export {
  type PlacementChoice,
  type PlacementDecision,
  SCHEMA_DATABASE_SUFFIX,
  type ServerLoad,
  type TenantPlacementOptions,
  type TenantServerOptions,
} from './placement.options.js';
export { type PlacementRequest, type TenantPlace, TenantPlacement } from './tenant-placement.js';
export { TenantServers } from './tenant-servers.js';
export { TenantUserPolicy } from './tenant-user-policy.js';
export { TenantUsers } from './tenant-users.js';
