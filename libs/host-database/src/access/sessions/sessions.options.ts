import { assertWholeOption, InvalidOptionError, withDefaults } from '../../common/index.js';

/** How long people stay signed in, and how a browser keeps that. */
export interface SessionsOptions {
  /** After how many days without a request a session ends; half an hour is `1 / 48`. @default 14 */
  readonly idleDays: number;
  /** After how many days it ends in any case. @default 90 */
  readonly absoluteDays: number;
  /**
   * How many minutes a secret stays in a browser's cookie before the next request replaces it; 0 leaves it as it is. The one before is
   * good for another minute, and whoever comes with it later ends the session: one of the two has stolen it.
   *
   * @default 15
   */
  readonly rotateAfterMinutes: number;
  /** The name of the cookie. @default '__Host-session', or 'session' where `secure` is false */
  readonly cookieName?: string;
  /** Whether the cookies travel over TLS alone. @default true */
  readonly secure: boolean;
  /**
   * Other origins whose pages may make changes with the cookie, such as `https://admin.example.com`. The application's own need not be
   * here, unless a proxy changes the `Host` header and browsers without `Sec-Fetch-Site` are to be served.
   *
   * @default []
   */
  readonly trustedOrigins: readonly string[];
}

const defaultSessionsOptions: SessionsOptions = {
  idleDays: 14,
  absoluteDays: 90,
  rotateAfterMinutes: 15,
  secure: true,
  trustedOrigins: [],
};

/** RFC 6265 section 4.1.1: a token of RFC 2616. */
const COOKIE_NAME_PATTERN = /^[\w!#$%&'*+.^`|~-]+$/;
const SECURE_PREFIX = /^__(?:host|secure)-/i;

/** @throws InvalidOptionError */
export function resolveSessionsOptions(given?: Partial<SessionsOptions>): SessionsOptions {
  const options = withDefaults({ ...defaultSessionsOptions }, given);
  for (const name of ['idleDays', 'absoluteDays'] as const) {
    if (!Number.isFinite(options[name]) || options[name] <= 0) {
      throw new InvalidOptionError(`access.sessions.${name}`, `is ${options[name]}. Use a number of days above 0, or leave it out.`);
    }
  }
  assertWholeOption('access.sessions.rotateAfterMinutes', options.rotateAfterMinutes, 0);
  if (options.cookieName !== undefined) assertCookieName(options.cookieName, options.secure);
  for (const origin of options.trustedOrigins) assertOrigin(origin);
  return options;
}

function assertCookieName(name: string, isSecure: boolean): void {
  const option = 'access.sessions.cookieName';
  if (!COOKIE_NAME_PATTERN.test(name)) {
    throw new InvalidOptionError(option, `is '${name}', which a cookie cannot be called. Use letters, digits, '-' and '_'.`);
  }
  if (SECURE_PREFIX.test(name) && !isSecure) {
    throw new InvalidOptionError(option, `is '${name}', which browsers take over TLS alone. Use another, or leave 'secure' true.`);
  }
}

function assertOrigin(origin: string): void {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url?.origin === origin && /^https?:$/.test(url.protocol)) return;
  throw new InvalidOptionError(
    'access.sessions.trustedOrigins',
    `has '${origin}'. Write an origin as browsers do: https://app.example.com, without a path or a slash at its end.`,
  );
}
