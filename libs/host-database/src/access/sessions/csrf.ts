import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The header in which a page sends what it has read from the csrf cookie. */
export const CSRF_HEADER = 'x-csrf-token';

/** RFC 9110 section 9.2.1, without TRACE, which nobody needs. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const SECRET_PURPOSE = 'nestjs-host-database:csrf';

/**
 * Why a request may be another site's: its page is on another site, or on another origin of the same; its origin is not the
 * application's; nothing says where it comes from; or what does is wrong.
 */
export type CsrfProblem = 'cross-site' | 'same-site' | 'other-origin' | 'no-proof' | 'wrong-token';

/** A request that a browser may have made for another site's page. */
export interface OriginRequest {
  /** None, as in messages of websockets, counts as one that changes something. */
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly trustedOrigins: readonly string[];
  /** Whether the application is reached over TLS, so that its own origin begins with `https:`. */
  readonly secure: boolean;
}

/** One that came with a session's cookie. */
export interface CsrfRequest extends OriginRequest {
  /** The session's secret, as the cookie has it. */
  readonly secret: string;
}

/** The token that a page sends along: only who knows the session's secret can make it, and it says nothing of the secret. */
export function csrfTokenOf(secret: string): string {
  return createHmac('sha256', secret).update(SECRET_PURPOSE).digest('base64url');
}

/**
 * Whether another site's page may have made the request, which the browser then sent the cookie with. A browser says of each request where
 * it comes from (`Sec-Fetch-Site`), and no page can change that. An older one says the origin. Where neither is there, the token is.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export function csrfProblemOf(request: CsrfRequest): CsrfProblem | undefined {
  const problem = originProblemOf(request);
  return problem === 'no-proof' ? tokenProblemOf(request) : problem;
}

/** As {@link csrfProblemOf}, by what browsers say alone: `no-proof` where that is nothing. */
export function originProblemOf(request: OriginRequest): CsrfProblem | undefined {
  const { method, headers, trustedOrigins } = request;
  // The handshake of a websocket is a GET whose connection changes things later, and other sites may begin one.
  if (method !== undefined && SAFE_METHODS.has(method.toUpperCase()) && !isWebsocket(headers)) return undefined;
  const { origin } = headers;
  if (origin !== undefined && trustedOrigins.includes(origin)) return undefined;
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return undefined;
  if (site !== undefined) return site === 'same-site' ? 'same-site' : 'cross-site';
  if (origin !== undefined) return isOwnOrigin(origin, request) ? undefined : 'other-origin';
  return 'no-proof';
}

function isWebsocket({ upgrade }: IncomingHttpHeaders): boolean {
  return upgrade?.toLowerCase() === 'websocket';
}

function isOwnOrigin(origin: string, { headers: { host }, secure }: OriginRequest): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: ofOrigin } = new URL(origin);
  if (protocol !== 'https:' && (secure || protocol !== 'http:')) return false;
  // Parsed with the same protocol, so that both or neither of them has its usual port.
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === ofOrigin;
}

function tokenProblemOf({ headers, secret }: CsrfRequest): CsrfProblem | undefined {
  const sent = headers[CSRF_HEADER];
  if (typeof sent !== 'string' || sent === '') return 'no-proof';
  const expected = Buffer.from(csrfTokenOf(secret));
  const given = Buffer.from(sent);
  return given.length === expected.length && timingSafeEqual(given, expected) ? undefined : 'wrong-token';
}
