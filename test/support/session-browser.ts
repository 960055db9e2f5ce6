import { type AuthenticationRequest, type Principal, SessionAuthenticator, SessionCookies } from 'nestjs-host-database/access';
import type { TestHost } from 'nestjs-host-database/testing';

/** Keeps the cookies that it is sent, and sends them back, as a browser does. */
export class SessionBrowser {
  readonly jar = new Map<string, string>();
  private readonly authenticator: SessionAuthenticator;

  constructor(private readonly host: TestHost) {
    this.authenticator = host.get(SessionAuthenticator);
  }

  /** The secret of the session that it is in. */
  get secret(): string | undefined {
    return this.jar.get(this.host.get(SessionCookies).name);
  }

  get headers(): { cookie: string } {
    return { cookie: [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  /** Keeps what a `Set-Cookie` header says. */
  readonly keep = (header: string): void => {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
    if (/;\s*max-age=0/i.test(header)) this.jar.delete(name);
    else this.jar.set(name, value);
  };

  /** Another one with the same cookies. */
  clone(): SessionBrowser {
    const other = new SessionBrowser(this.host);
    for (const [name, value] of this.jar) other.jar.set(name, value);
    return other;
  }

  /** Asks for a page of the application; who the application then takes it for. */
  async visit(request: Partial<AuthenticationRequest> = {}): Promise<Principal | undefined> {
    return this.authenticator.authenticate({
      method: 'GET',
      setCookie: this.keep,
      ...request,
      headers: { ...this.headers, ...request.headers },
    });
  }
}
