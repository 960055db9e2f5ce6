import { parseCookie, stringifySetCookie } from 'cookie';
import { isSecret } from './sign-in-secrets.js';

const NAME = 'sign-in';

/** The cookie that tells the browser that began a sign-in from others. */
export class FlowCookie {
  private readonly isSecure: boolean;

  constructor(publicUrl: string) {
    this.isSecure = publicUrl.startsWith('https:');
  }

  /** Returns what the browser has, if it can be ours. */
  read(header: string | undefined): string | undefined {
    const value = parseCookie(header ?? '')[this.name];
    return isSecret(value) ? value : undefined;
  }

  /**
   * Returns the Set-Cookie header. The browser sends it with the request by which the provider sends the person back, and scripts, other
   * sites and other subdomains can neither read nor set it.
   */
  write(binding: string, maxAgeSeconds: number): string {
    return stringifySetCookie({
      name: this.name,
      value: binding,
      path: '/',
      httpOnly: true,
      secure: this.isSecure,
      sameSite: 'lax',
      maxAge: maxAgeSeconds,
    });
  }

  /** Without TLS, on the developer's own machine, browsers refuse the prefix. */
  private get name(): string {
    return this.isSecure ? `__Host-${NAME}` : NAME;
  }
}
