import { inspect } from 'node:util';
import { genId } from 'nestjs-host-database';
import { oidc, ProviderSignIn, SignInFlow, type SignInOptions } from 'nestjs-host-database/access';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { CLIENT, OidcIssuer, type Person } from './oidc-issuer.js';
import { TamperedFetch } from './tampered-fetch.js';

export const PUBLIC_URL = 'https://app.example.com';
/** Where the two providers of the tests send people back to. */
const callbackOf = (provider: string) => `${PUBLIC_URL}/auth/${provider}/callback`;

/** The way there, as far as a browser knows it. */
export interface OnTheWay {
  readonly url: string;
  /** As the browser sends it: the Cookie header. */
  readonly cookie: string;
}

/** A host whose people sign in at either of two real issuers, `acme` and `globex`. */
export class SignInArena {
  private constructor(
    readonly host: TestHost,
    readonly acme: OidcIssuer,
    readonly globex: OidcIssuer,
    /** The application's connection to acme. */
    readonly wire: TamperedFetch,
  ) {}

  static async start(database: 'sqlite' | 'postgresql', signIn: SignInOptions = {}): Promise<SignInArena> {
    const [acme, globex] = [await OidcIssuer.start([callbackOf('acme')]), await OidcIssuer.start([callbackOf('globex')])];
    const wire = new TamperedFetch();
    const host = await createTestHost({
      database,
      options: {
        access: {
          signIn: {
            publicUrl: PUBLIC_URL,
            providers: {
              acme: oidc({ ...CLIENT, issuer: acme.issuer, fetch: wire.fetch }),
              globex: oidc({ ...CLIENT, issuer: globex.issuer }),
            },
            ...signIn,
          },
        },
      },
    });
    return new SignInArena(host, acme, globex, wire);
  }

  get sut(): ProviderSignIn {
    return this.host.get(ProviderSignIn);
  }

  newPerson(facts: Partial<Person> = {}): Person {
    return { sub: genId(), email: `${genId()}@example.com`, email_verified: true, ...facts };
  }

  async begin(options: Partial<Parameters<ProviderSignIn['begin']>[0]> = {}): Promise<OnTheWay> {
    const { url, cookie } = await this.host.run(() => this.sut.begin({ provider: 'acme', ...options }));
    return { url, cookie: cookie.slice(0, cookie.indexOf(';')) };
  }

  finish(back: URL, cookie: string | undefined, provider = 'acme') {
    return this.host.run(() => this.sut.finish({ provider, params: back.searchParams, cookie }));
  }

  /** All the way there and back. */
  async signIn(person: Person, options: Partial<Parameters<ProviderSignIn['begin']>[0]> = {}) {
    const { url, cookie } = await this.begin(options);
    return this.finish(await this.acme.visit(url, person), cookie, options.provider);
  }

  countFlows(): Promise<number> {
    return this.host.run(() => this.host.hostDatabase.em.count(SignInFlow));
  }

  countUsers(): Promise<number> {
    return this.host.run(() => this.host.hostDatabase.globalUsers.count());
  }

  /** What the log says of refusals, the newest first. */
  refusals() {
    return this.host.run(() =>
      this.host.hostDatabase.auditLogs.find(
        { eventType: 'access.sign-in-refused' },
        { orderBy: { id: 'desc' }, disableIdentityMap: true },
      ),
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.host.close(), this.acme.close(), this.globex.close()]);
  }
}

/** Whatever a logger could write of a value. */
export function everythingOf(value: unknown): string {
  return inspect(value, { depth: null, showHidden: true, maxStringLength: null });
}
