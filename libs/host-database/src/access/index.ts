export { NotAuthenticatedError, TenantAccessDeniedError } from './access.errors.js';
export { ACCESS_OPTIONS, type AccessOptions, resolveAccessOptions } from './access.options.js';
export { type AuthenticationRequest, Authenticator, type Principal } from './authentication/authenticator.js';
export { Impersonation } from './impersonation/impersonation.entity.js';
export type { ImpersonationOptions } from './impersonation/impersonation.options.js';
export { TENANT_SOURCES, type TenantResolutionOptions, type TenantSource } from './resolution/resolution.options.js';
export { Session, SESSION_TRANSPORTS, type SessionTransport } from './sessions/session.entity.js';
export type { SessionsOptions } from './sessions/sessions.options.js';
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
export type { TokenIssuerOptions } from './tokens/access-tokens.options.js';
export { AccessModule } from './access.module.js';
export {
  NoTenantEnvelopeError,
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
