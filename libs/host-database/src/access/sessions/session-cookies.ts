import type { IncomingHttpHeaders } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { parseCookie, stringifySetCookie } from 'cookie';
import { Clock } from '../../common/index.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import { addCookie, type CookieResponse } from './cookie-response.js';
import { csrfTokenOf } from './csrf.js';

/** What a browser is to keep. */
export interface SessionCookie {
  /** The secret of the session. */
  readonly token: string;
  /** When the session ends in any case. */
  readonly expiresAt: Date;
}

/** Browsers take a cookie of such a name over TLS alone, from this very host, and no other host can set one. */
const HOST_PREFIX = '__Host-';

/**
 * The two cookies of a session: its secret, which scripts cannot read, and the csrf token, which those of the application read and send as
 * `x-csrf-token`. Both are `SameSite=Lax; Path=/`, and `Secure` unless the option says otherwise.
 */
@Injectable()
export class SessionCookies {
  /** The name of the cookie with the secret. */
  readonly name: string;
  /** The name of the cookie with the csrf token. */
  readonly csrfName: string;
  private readonly secure: boolean;

  constructor(
    @Inject(ACCESS_OPTIONS) { sessions: { cookieName, secure } }: ResolvedAccessOptions,
    private readonly clock: Clock,
  ) {
    const prefix = secure ? HOST_PREFIX : '';
    this.name = cookieName ?? `${prefix}session`;
    this.csrfName = `${prefix}csrf`;
    this.secure = secure;
  }

  /** Returns the secret that a request came with; never from its query. */
  read({ cookie }: IncomingHttpHeaders): string | undefined {
    return cookie === undefined ? undefined : parseCookie(cookie)[this.name];
  }

  /** Returns the values of the `Set-Cookie` headers for a session. */
  headersFor({ token, expiresAt }: SessionCookie): string[] {
    const maxAge = Math.max(0, Math.floor((expiresAt.getTime() - this.clock.now().getTime()) / 1000));
    return [this.header(token, maxAge), this.csrfHeader(csrfTokenOf(token), maxAge)];
  }

  /** Returns the values of the `Set-Cookie` headers that remove both. */
  headersToClear(): string[] {
    return [this.header('', 0), this.csrfHeader('', 0)];
  }

  /** Has the browser keep a session. */
  set(response: CookieResponse, cookie: SessionCookie): void {
    for (const header of this.headersFor(cookie)) addCookie(response, header);
  }

  /** Has the browser forget its session. */
  clear(response: CookieResponse): void {
    for (const header of this.headersToClear()) addCookie(response, header);
  }

  private header(value: string, maxAge: number): string {
    return stringifySetCookie({ ...this.common(maxAge), name: this.name, value, httpOnly: true });
  }

  private csrfHeader(value: string, maxAge: number): string {
    return stringifySetCookie({ ...this.common(maxAge), name: this.csrfName, value });
  }

  private common(maxAge: number) {
    return { path: '/', sameSite: 'lax', secure: this.secure, maxAge } as const;
  }
}
