import type { HostDatabaseOptions } from 'nestjs-host-database';
import { github, google, oidc, type SignInProvider } from 'nestjs-host-database/access';
import { LogMailer } from './log-mailer.js';

/** Links and cookies would show what they have in them. */
const SECURE_ORIGIN = /^(?:https:\/\/|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$))[^?#@]+$/i;

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
}

/** What a provider knows the application by. */
interface ProviderClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * Reads `PUBLIC_URL` (`http://localhost:` and the port), and the providers whose clients are there: `GOOGLE_CLIENT_ID`, `GITHUB_CLIENT_ID` and
 * `OIDC_CLIENT_ID`, each with its `…_CLIENT_SECRET`, the last with `OIDC_ISSUER`. What is wrong is added to `problems`.
 */
export function authSettingsFrom(env: NodeJS.ProcessEnv, problems: string[]): AuthSettings {
  const isProduction = env.NODE_ENV === 'production';
  const publicUrl = publicUrlFrom(env, problems);
  const providers = providersFrom(env, problems);
  if (isProduction && !env.PUBLIC_URL && Object.keys(providers).length > 0) {
    problems.push('PUBLIC_URL is missing. Providers have to know where to send people back to: https://app.example.com.');
  }
  return { publicUrl, secureCookies: isProduction || publicUrl.startsWith('https:'), logsMail: !isProduction, providers };
}

/** What the host database is told of it. In production mail needs a mailer of your own. */
export function authOptionsOf({
  publicUrl,
  secureCookies,
  logsMail,
  providers,
}: AuthSettings): Pick<HostDatabaseOptions, 'access' | 'users'> {
  return {
    access: { sessions: { secure: secureCookies }, signIn: { publicUrl, providers } },
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

function providersFrom(env: NodeJS.ProcessEnv, problems: string[]): Record<string, SignInProvider> {
  const providers: Record<string, SignInProvider> = {};
  const [googleClient, githubClient, oidcClient] = ['GOOGLE', 'GITHUB', 'OIDC'].map((name) => clientFrom(env, name, problems));
  if (googleClient) providers.google = google(googleClient);
  if (githubClient) providers.github = github(githubClient);
  if (!oidcClient) return providers;
  const { OIDC_ISSUER: issuer } = env;
  if (issuer && URL.canParse(issuer)) providers.oidc = oidc({ ...oidcClient, issuer });
  else problems.push(`OIDC_ISSUER is ${issuer ? `'${issuer}'` : 'missing'}. Set it to the issuer's URL.`);
  return providers;
}

function clientFrom(env: NodeJS.ProcessEnv, name: string, problems: string[]): ProviderClient | undefined {
  const names = [`${name}_CLIENT_ID`, `${name}_CLIENT_SECRET`] as const;
  const [clientId, clientSecret] = names.map((variable) => env[variable]);
  if (clientId && clientSecret) return { clientId, clientSecret };
  if (clientId || clientSecret) problems.push(`${clientId ? names[1] : names[0]} is missing. Set both, or neither.`);
  return undefined;
}
