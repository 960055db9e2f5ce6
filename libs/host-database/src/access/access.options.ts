import { withDefaults } from '../common/index.js';
import {
  type AccessMemoryOptions,
  assertAccessMemoryOptions,
  defaultAccessMemoryOptions,
} from './changes/access-memory.options.js';
import { type ImpersonationOptions, resolveImpersonationOptions } from './impersonation/impersonation.options.js';
import {
  assertTenantResolutionOptions,
  defaultTenantResolutionOptions,
  type TenantResolutionOptions,
} from './resolution/resolution.options.js';
import { resolveSessionsOptions, type SessionsOptions } from './sessions/sessions.options.js';
import { type ResolvedSignInOptions, resolveSignInOptions, type SignInOptions } from './sign-in/sign-in.options.js';
import { resolveTokenIssuers, type TokenIssuerOptions, type TrustedIssuer } from './tokens/access-tokens.options.js';

/** Injection token of the room's options, resolved. */
export const ACCESS_OPTIONS = Symbol('nestjs-host-database:access-options');

/** Who comes in, and where to. */
export interface AccessOptions {
  /** The library's own sessions. Where this is given, as `{}` if nothing else, those that have ended are removed every hour, by a job. */
  readonly sessions?: Partial<SessionsOptions>;
  /** Issuers whose access tokens are let in. */
  readonly tokens?: readonly TokenIssuerOptions[];
  readonly signIn?: SignInOptions;
  readonly resolution?: Partial<TenantResolutionOptions>;
  readonly impersonation?: Partial<ImpersonationOptions>;
  /** What a process remembers of who may do what. */
  readonly memory?: Partial<AccessMemoryOptions>;
}

export interface ResolvedAccessOptions {
  readonly sessions: SessionsOptions;
  /** Whether sessions are removed: an application without any has no job for them. */
  readonly removesSessions: boolean;
  readonly tokens: readonly TrustedIssuer[];
  readonly signIn: ResolvedSignInOptions;
  readonly resolution: TenantResolutionOptions;
  readonly impersonation: ImpersonationOptions;
  readonly memory: AccessMemoryOptions;
}

/** @throws InvalidOptionError */
export function resolveAccessOptions({
  sessions,
  tokens,
  signIn,
  resolution,
  impersonation,
  memory,
}: AccessOptions = {}): ResolvedAccessOptions {
  return {
    sessions: resolveSessionsOptions(sessions),
    removesSessions: sessions !== undefined,
    tokens: resolveTokenIssuers(tokens),
    signIn: resolveSignInOptions(signIn),
    resolution: assertTenantResolutionOptions(withDefaults({ ...defaultTenantResolutionOptions }, resolution)),
    impersonation: resolveImpersonationOptions(impersonation),
    memory: assertAccessMemoryOptions(withDefaults({ ...defaultAccessMemoryOptions }, memory)),
  };
}
