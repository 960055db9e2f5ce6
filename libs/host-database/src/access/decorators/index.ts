export {
  type AccessLevel,
  Public,
  type PublicOptions,
  RequirePermission,
  RequireRole,
  SystemAdmin,
  TenantRoute,
  type TenantRouteOptions,
} from './access.decorators.js';
export {
  RequireFeature,
  RequireSubscription,
  type RequireSubscriptionOptions,
  RequireTier,
  WithoutSubscription,
} from './payment.decorators.js';
export { CurrentMembership, CurrentTenant, CurrentUser, type ActingUser } from './current.decorators.js';
