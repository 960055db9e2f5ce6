import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId, Clock, HostDatabaseError } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import { UnitOfWork } from '../../database/index.js';
import { type SignedInUser, UserIdentities, UsersService, type VerifiedIdentity } from '../../users/index.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import { InPerson } from '../impersonation/in-person.js';
import { FlowCookie } from './flow-cookie.js';
import { assertReturnTo } from './return-to.js';
import type { SignInFlow } from './sign-in-flow.entity.js';
import { FLOW_MINUTES, SignInFlows } from './sign-in-flows.js';
import { PROVIDER_PARAMETER, type ResolvedSignInOptions } from './sign-in.options.js';
import type { SignInProvider } from './sign-in-provider.js';
import {
  InvalidReturnToError,
  SignInDeniedError,
  SignInInTransactionError,
  SignInProviderUnreachableError,
  SignInResponseInvalidError,
  SignInStateError,
  UnknownSignInProviderError,
} from './sign-in.errors.js';
import { newSecret } from './sign-in-secrets.js';

/** Somebody who wants to sign in. */
export interface BeginSignIn {
  /** The key of the provider in the options. */
  readonly provider: string;
  /** Where they go then: a path of the application. @default '/' */
  readonly returnTo?: string;
  /** Who is signed in and wants to add the identity to their account, instead of signing in by it. */
  readonly linkToUserId?: string;
  /** The request's Cookie header: who begins in two windows can end both. */
  readonly cookie?: string;
}

/** What to answer them. */
export interface BegunSignIn {
  /** Where to redirect to. */
  readonly url: string;
  /** The value of a Set-Cookie header. */
  readonly cookie: string;
}

/** Somebody whom a provider has sent back. */
export interface FinishSignIn {
  /** The key of the provider, as the address says. */
  readonly provider: string;
  /** The parameters of the address: `request.query`. */
  readonly params: URLSearchParams | Readonly<Record<string, unknown>>;
  /** The request's Cookie header. */
  readonly cookie: string | undefined;
}

/** Who came back. */
export interface FinishedSignIn extends SignedInUser {
  /** A path of the application, to redirect to. */
  readonly returnTo: string;
  /** Whether the identity was added to an account: whoever had a session has it still, and gets no other. */
  readonly linked: boolean;
}

/**
 * Has people sign in at providers: sends them there, and says who came back. What opens for them then, a session for one, is the caller's
 * to open.
 *
 * A way there is good for one way back, in the same browser, within ten minutes. Whatever is refused is recorded as
 * `access.sign-in-refused`, and stays.
 */
@Injectable()
export class ProviderSignIn {
  private readonly options: ResolvedSignInOptions;

  constructor(
    @Inject(ACCESS_OPTIONS) { signIn }: ResolvedAccessOptions,
    private readonly flows: SignInFlows,
    private readonly identities: UserIdentities,
    private readonly users: UsersService,
    private readonly audit: AuditService,
    private readonly context: ContextService,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly inPerson: InPerson,
  ) {
    this.options = signIn;
  }

  /** The keys of the providers, in the order of the options. */
  get providers(): string[] {
    return Object.keys(this.options.providers);
  }

  /**
   * Begins a sign-in, or the linking of an identity: redirect to `url`, with `cookie`.
   *
   * @throws UnknownSignInProviderError, InvalidReturnToError, InvalidIdError
   * @throws NotWhileImpersonatingError when who acts as somebody else wants to link: the identity would let them in for ever
   * @throws SignInProviderUnreachableError, SignInResponseInvalidError when the issuer cannot be asked where its endpoints are
   * @throws OpenIdClientMissingError
   */
  async begin({ provider: key, returnTo = '/', linkToUserId, cookie: header }: BeginSignIn): Promise<BegunSignIn> {
    if (linkToUserId !== undefined) await this.inPerson.require();
    return this.refusing(key, async () => {
      const { provider, publicUrl, redirectUri } = this.find(key);
      const cookie = new FlowCookie(publicUrl);
      const path = assertReturnTo(returnTo, publicUrl);
      const link = linkToUserId === undefined ? {} : { linkToUserId: assertId(linkToUserId, 'user') };
      const attempt = { state: newSecret(), nonce: newSecret(), codeVerifier: newSecret() };
      const binding = cookie.read(header) ?? newSecret();
      const url = await provider.begin({ ...attempt, redirectUri, now: this.clock.now() });
      await this.flows.add({ ...attempt, ...link, binding, provider: key, returnTo: path });
      return { url: url.href, cookie: cookie.write(binding, FLOW_MINUTES * 60) };
    });
  }

  /**
   * Ends what {@link begin} began. The person is registered if they are new; see `UserIdentities.signIn()` for when an account that is there
   * becomes theirs, and what that throws, and `link()` for the case of linking.
   *
   * The flow is used up with the first call, whatever comes of it, and the provider is asked outside of any transaction.
   *
   * @throws UnknownSignInProviderError, SignInInTransactionError
   * @throws SignInStateError when this browser was not sent there, or has come back before, or too late
   * @throws SignInDeniedError when the provider, or the person there, says no
   * @throws SignInResponseInvalidError when the answer does not prove who they are
   * @throws SignInProviderUnreachableError
   */
  async finish({ provider: key, params, cookie: header }: FinishSignIn): Promise<FinishedSignIn> {
    if (this.unitOfWork.isInTransaction) throw new SignInInTransactionError();
    return this.refusing(key, async () => {
      const { provider, publicUrl, redirectUri } = this.find(key);
      const callbackUrl = withParams(redirectUri, params);
      const states = callbackUrl.searchParams.getAll('state');
      const state = states.length === 1 ? (states[0] ?? '') : '';
      const flow = await this.flows.take({ state, binding: new FlowCookie(publicUrl).read(header) });
      this.assertSame(flow, key);
      const { codeVerifier, nonce, returnTo } = flow;
      const attempt = { state, nonce: nonce ?? '', codeVerifier, redirectUri, now: this.clock.now() };
      const identity = await provider.finish({ ...attempt, callbackUrl });
      return { ...(await this.enter(flow, identity)), returnTo, linked: flow.linkToUserId != null };
    });
  }

  private async enter({ linkToUserId }: SignInFlow, identity: VerifiedIdentity): Promise<SignedInUser> {
    if (linkToUserId == null) return this.identities.signIn(identity);
    await this.identities.link(linkToUserId, identity);
    return { user: await this.users.getById(linkToUserId), isNew: false };
  }

  /** @throws SignInStateError */
  private assertSame({ provider, linkToUserId }: SignInFlow, key: string): void {
    if (provider !== key) throw new SignInStateError('other-provider');
    const { actorUserId } = this.context.current;
    const isOther = linkToUserId != null && actorUserId !== undefined && actorUserId !== linkToUserId;
    if (isOther) throw new SignInStateError('other-user');
  }

  /** @throws UnknownSignInProviderError */
  private find(key: string): { readonly provider: SignInProvider; readonly publicUrl: string; readonly redirectUri: string } {
    const { publicUrl, callbackPath, providers } = this.options;
    const provider = Object.hasOwn(providers, key) ? providers[key] : undefined;
    if (!provider || publicUrl === undefined) throw new UnknownSignInProviderError(this.providers);
    const { href: redirectUri } = new URL(callbackPath.replace(PROVIDER_PARAMETER, key), publicUrl);
    return { provider, publicUrl, redirectUri };
  }

  /** Records what `work` refuses; what `UserIdentities` refuses is recorded there. */
  private async refusing<T>(key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isRefusal(error)) {
        await this.audit.recordDetached({
          eventType: 'access.sign-in-refused',
          tenantId: null,
          outcome: error instanceof SignInProviderUnreachableError ? 'failure' : 'denied',
          details: {
            // Whatever else an address says does not belong into the log.
            provider: Object.hasOwn(this.options.providers, key) ? key : null,
            reason: error.code,
            ...('problem' in error && { problem: error.problem }),
          },
        });
      }
      throw error;
    }
  }
}

const REFUSALS = [
  InvalidReturnToError,
  SignInDeniedError,
  SignInProviderUnreachableError,
  SignInResponseInvalidError,
  SignInStateError,
  UnknownSignInProviderError,
] as const;

function isRefusal(error: unknown): error is InstanceType<(typeof REFUSALS)[number]> {
  return error instanceof HostDatabaseError && REFUSALS.some((Refusal) => error instanceof Refusal);
}

/** The address that the provider sent the person to, whatever a proxy has made of it. A parameter that is there twice stays so. */
function withParams(redirectUri: string, params: FinishSignIn['params']): URL {
  const url = new URL(redirectUri);
  const entries = params instanceof URLSearchParams ? [...params] : Object.entries(params);
  for (const [name, value] of entries) {
    for (const single of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof single === 'string') url.searchParams.append(name, single);
    }
  }
  return url;
}
