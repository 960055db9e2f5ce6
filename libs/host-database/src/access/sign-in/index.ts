import type { Provider } from '@nestjs/common';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import { PersonalTenants } from './personal-tenants.js';
import { ProviderSignIn } from './provider-sign-in.service.js';
import { SignInFlows } from './sign-in-flows.js';
import { SignInFlowsJobs } from './sign-in-flows.jobs.js';

export { github, type GithubOptions } from './providers/github.js';
export { google, microsoft, type MicrosoftOptions, oidc, type ProviderClientOptions } from './providers/oidc.js';
export type { IdentityClaims, OidcOptions } from './providers/oidc.provider.js';
export type { ProviderFetch } from './providers/provider-fetch.js';
export {
  type BeginSignIn,
  type BegunSignIn,
  type FinishedSignIn,
  type FinishSignIn,
  ProviderSignIn,
} from './provider-sign-in.service.js';
export { signInEvents } from './sign-in.audit-events.js';
export { SignInFlow } from './sign-in-flow.entity.js';
export {
  InvalidReturnToError,
  OpenIdClientMissingError,
  SignInDeniedError,
  SignInInTransactionError,
  SignInProviderUnreachableError,
  SignInResponseInvalidError,
  SignInStateError,
  type SignInStateProblem,
  UnknownSignInProviderError,
} from './sign-in.errors.js';
export type { PersonalTenantOptions, SignInOptions } from './sign-in.options.js';
export { type SignInAttempt, SignInProvider, type SignInReturn } from './sign-in-provider.js';

/** Without providers there is nothing for the job to remove. */
export const signInProviders: readonly Provider[] = [
  SignInFlows,
  ProviderSignIn,
  PersonalTenants,
  {
    provide: SignInFlowsJobs,
    inject: [ACCESS_OPTIONS, SignInFlows],
    useFactory: ({ signIn }: ResolvedAccessOptions, flows: SignInFlows) =>
      Object.keys(signIn.providers).length > 0 ? new SignInFlowsJobs(flows) : null,
  },
];
