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
  type PublicOptions,
  RequireFeature,
  RequirePermission,
  RequireRole,
  RequireSubscription,
  type RequireSubscriptionOptions,
  RequireTier,
  type ActingUser,
  SystemAdmin,
  TenantRoute,
  type TenantRouteOptions,
  WithoutSubscription,
} from './decorators/index.js';
export { AccessGuard } from './guards/access.guard.js';
export { AccessGuardModule } from './guards/access-guard.module.js';
export type { RequestLike } from './guards/access-request.js';
export type { ImpersonationEnd } from './impersonation/impersonation.audit-events.js';
export { Impersonation } from './impersonation/impersonation.entity.js';
export {
  ImpersonationNotFoundError,
  type ImpersonationProblem,
  ImpersonationRefusedError,
  NotWhileImpersonatingError,
} from './impersonation/impersonation.errors.js';
export type { ImpersonationOptions } from './impersonation/impersonation.options.js';
export type { MembershipGrant } from './resolution/membership-grants.js';
export type { TenantHints } from './resolution/tenant-names.js';
export { TenantResolver } from './resolution/tenant-resolver.js';
export { TENANT_SOURCES, type TenantResolutionOptions, type TenantSource } from './resolution/resolution.options.js';
export { type BegunImpersonation, ImpersonationService, type NewImpersonation } from './impersonation/impersonation.service.js';
export { CsrfProtection } from './sessions/csrf-protection.js';
export { addCookie, type CookieResponse } from './sessions/cookie-response.js';
export { CredentialCache, type RememberedCredential } from './sessions/credential-cache.js';
export { CSRF_HEADER, type CsrfProblem, csrfProblemOf, type CsrfRequest, csrfTokenOf } from './sessions/csrf.js';
export { RefusalRecords } from './sessions/refusal-records.js';
export { SessionActivity } from './sessions/session-activity.js';
export { type SessionCookie, SessionCookies } from './sessions/session-cookies.js';
export { type SessionEnd, SessionEvents, type SessionsEnded } from './sessions/session-events.js';
export { type SessionExchange, SessionSignIn } from './sessions/session-sign-in.js';
export type { SessionProblem } from './sessions/session-state.js';
export { SessionAuthenticator } from './sessions/session.authenticator.js';
export { Session, SESSION_TRANSPORTS, type SessionTransport } from './sessions/session.entity.js';
export { CsrfRefusedError, SessionNotFoundError, SessionRefusedError } from './sessions/sessions.errors.js';
export type { SessionsOptions } from './sessions/sessions.options.js';
export { type NewSession, type OpenedSession, type SessionKey, SessionsService } from './sessions/sessions.service.js';
export {
  type BeginSignIn,
  type BegunSignIn,
  type FinishedSignIn,
  type FinishSignIn,
  github,
  type GithubOptions,
  google,
  type IdentityClaims,
  InvalidReturnToError,
  microsoft,
  type MicrosoftOptions,
  oidc,
  type OidcOptions,
  OpenIdClientMissingError,
  type PersonalTenantOptions,
  type ProviderClientOptions,
  type ProviderFetch,
  ProviderSignIn,
  type SignInAttempt,
  SignInDeniedError,
  SignInFlow,
  SignInInTransactionError,
  type SignInOptions,
  SignInProvider,
  SignInProviderUnreachableError,
  SignInResponseInvalidError,
  type SignInReturn,
  SignInStateError,
  type SignInStateProblem,
  UnknownSignInProviderError,
} from './sign-in/index.js';
export { AccessTokenAuthenticator } from './tokens/access-token.authenticator.js';
export {
  type AccessTokenProblem,
  AccessTokenRefusedError,
  JoseMissingError,
  TokenIssuerUnreachableError,
} from './tokens/access-tokens.errors.js';
export type { TokenAlgorithm, TokenIssuerOptions } from './tokens/access-tokens.options.js';
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
