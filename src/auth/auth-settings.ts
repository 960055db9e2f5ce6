import type { HostDatabaseOptions } from 'nestjs-host-database';
import type { SignInProvider, TokenIssuerOptions } from 'nestjs-host-database/access';
import { LogMailer } from './log-mailer.js';
import { providersFrom } from './provider-settings.js';

/** Links and cookies would show what they have in them. */
const SECURE_ORIGIN = /^(?:https:\/\/|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$))[^?#@]+$/i;
const SWITCH = ['on', 'off'];

/** How people come in. */
export interface AuthSettings {
  /** The origin at which browsers see the application. */
  readonly publicUrl: string;
  /** Whether the cookies of sessions travel over TLS alone. */
  readonly secureCookies: boolean;
  /** Whether mails are written into the log, with the secrets that are in them. */
  readonly logsMail: boolean;
  /** By whom people can sign in, beside passwords. */
  readonly providers: Readonly<Record<string, SignInProvider>>;
  /** Whose access tokens are let in. */
  readonly tokens: readonly TokenIssuerOptions[];
  /** Whether everybody has a workspace of their own from the beginning. */
  readonly personalWorkspaces: boolean;
}

/**
 * Reads `PUBLIC_URL` (`http://localhost:` and the port), the providers of `providersFrom()`, `TOKEN_ISSUER` with `TOKEN_AUDIENCE`, and
 * `PERSONAL_WORKSPACES` (`off` by default, or `on`). What is wrong is added to `problems`.
 */
export function authSettingsFrom(env: NodeJS.ProcessEnv, problems: string[]): AuthSettings {
  const isProduction = env.NODE_ENV === 'production';
  const publicUrl = publicUrlFrom(env, problems);
  const providers = providersFrom(env, problems);
  if (isProduction && !env.PUBLIC_URL && Object.keys(providers).length > 0) {
    problems.push('PUBLIC_URL is missing. Providers have to know where to send people back to: https://app.example.com.');
  }
  const personal = (env.PERSONAL_WORKSPACES || 'off').toLowerCase();
  if (!SWITCH.includes(personal)) {
    problems.push(`PERSONAL_WORKSPACES is '${env.PERSONAL_WORKSPACES}'. Set it to ${SWITCH.join(' or ')}.`);
  }
  return {
    publicUrl,
    secureCookies: isProduction || publicUrl.startsWith('https:'),
    logsMail: !isProduction,
    providers,
    tokens: tokensFrom(env, problems),
    personalWorkspaces: personal === 'on',
  };
}

/** What the host database is told of it. In production mail needs a mailer of your own. */
export function authOptionsOf(settings: AuthSettings): Pick<HostDatabaseOptions, 'access' | 'users'> {
  const { publicUrl, secureCookies, logsMail, providers, tokens, personalWorkspaces } = settings;
  const personalTenant = { name: ({ email }: { readonly email: string }) => `${email.replace(/@.*/, '')}'s workspace` };
  return {
    access: {
      sessions: { secure: secureCookies },
      tokens,
      signIn: { publicUrl, providers, ...(personalWorkspaces && { personalTenant }) },
    },
    ...(logsMail && { users: { mailer: new LogMailer(publicUrl) } }),
  };
}

function publicUrlFrom({ PUBLIC_URL: given, PORT }: NodeJS.ProcessEnv, problems: string[]): string {
  const usual = `http://localhost:${PORT || '3000'}`;
  if (!given) return usual;
  if (URL.canParse(given) && new URL(given).pathname === '/' && SECURE_ORIGIN.test(given)) return new URL(given).origin;
  problems.push(
    `PUBLIC_URL is '${given}'. Set it to an origin such as https://app.example.com, http for localhost alone, or leave it out for ${usual}.`,
  );
  return usual;
}

function tokensFrom(
  { TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience }: NodeJS.ProcessEnv,
  problems: string[],
): TokenIssuerOptions[] {
  if (!issuer && !audience) return [];
  if (!issuer || !audience) {
    problems.push(`${issuer ? 'TOKEN_AUDIENCE' : 'TOKEN_ISSUER'} is missing. Set both, or neither.`);
    return [];
  }
  // Who comes with a token has no other way to become somebody here.
  return [{ issuer, audience, provisionUsers: true }];
}
