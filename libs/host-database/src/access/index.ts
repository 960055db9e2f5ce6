export {
  AccessDeclarationError,
  CredentialsDisagreeError,
  NotAuthenticatedError,
  PermissionRequiredError,
  RoleRequiredError,
  SystemAdminRequiredError,
  TenantAccessDeniedError,
  TenantMismatchError,
  TenantRequiredError,
} from './access.errors.js';
export { ACCESS_OPTIONS, type AccessOptions, resolveAccessOptions } from './access.options.js';
export { type AuthenticationRequest, Authenticator, type Principal } from './authentication/authenticator.js';
export { Authenticators } from './authentication/authenticators.js';
export { AccessChanges, type AccessFollower, type AccessMemoryOptions } from './changes/index.js';
export {
  type AccessLevel,
  CurrentMembership,
  CurrentTenant,
  CurrentUser,
  Public,
  RequirePermission,
  RequireRole,
  type SignedInUser,
  SystemAdmin,
  TenantRoute,
  type TenantRouteOptions,
} from './decorators/index.js';
export { AccessGuard } from './guards/access.guard.js';
export { AccessGuardModule } from './guards/access-guard.module.js';
export type { RequestLike } from './guards/access-request.js';
export { Impersonation } from './impersonation/impersonation.entity.js';
export type { ImpersonationOptions } from './impersonation/impersonation.options.js';
export type { MembershipGrant } from './resolution/membership-grants.js';
export type { TenantHints } from './resolution/tenant-names.js';
export { TenantResolver } from './resolution/tenant-resolver.js';
export { TENANT_SOURCES, type TenantResolutionOptions, type TenantSource } from './resolution/resolution.options.js';
export { Session, SESSION_TRANSPORTS, type SessionTransport } from './sessions/session.entity.js';
export type { SessionsOptions } from './sessions/sessions.options.js';
export { SignInFlow } from './sign-in/sign-in-flow.entity.js';
export type { SignInOptions } from './sign-in/sign-in.options.js';
export type { TokenIssuerOptions } from './tokens/access-tokens.options.js';
export { AccessModule } from './access.module.js';
export {
  NoTenantEnvelopeError,
  type SocketAdmission,
  type SocketTenant,
  type TenantEnvelope,
  TenantMessage,
  TenantMessageInterceptor,
  type TenantMessageOptions,
  TenantMessages,
} from './messages/index.js';
export { TenantAccess } from './tenant-access.js';
export { TenantMembershipGuard } from './tenant-membership.guard.js';
export { TenantRunInterceptor } from './tenant-run.interceptor.js';
export { TenantScoped } from './tenant-scoped.decorator.js';
