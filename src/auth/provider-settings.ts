import { github, google, microsoft, oidc, type SignInProvider } from 'nestjs-host-database/access';

/** What a provider knows the application by. */
interface ProviderClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * Reads the providers whose clients are there: `GOOGLE_CLIENT_ID`, `MICROSOFT_CLIENT_ID`, `GITHUB_CLIENT_ID` and `OIDC_CLIENT_ID`, each with
 * its `…_CLIENT_SECRET`, the last with `OIDC_ISSUER`; `MICROSOFT_TENANT` says whose accounts are taken. What is wrong is added to `problems`.
 */
export function providersFrom(env: NodeJS.ProcessEnv, problems: string[]): Record<string, SignInProvider> {
  const client = (name: string) => clientFrom(env, name, problems);
  const [googleClient, microsoftClient, githubClient] = [client('GOOGLE'), client('MICROSOFT'), client('GITHUB')];
  const oidcProvider = oidcFrom(env, problems);
  return {
    ...(googleClient && { google: google(googleClient) }),
    ...(microsoftClient && {
      microsoft: microsoft({ ...microsoftClient, ...(env.MICROSOFT_TENANT && { tenant: env.MICROSOFT_TENANT }) }),
    }),
    ...(githubClient && { github: github(githubClient) }),
    ...(oidcProvider && { oidc: oidcProvider }),
  };
}

function oidcFrom(env: NodeJS.ProcessEnv, problems: string[]): SignInProvider | undefined {
  const client = clientFrom(env, 'OIDC', problems);
  if (!client) return undefined;
  const { OIDC_ISSUER: issuer } = env;
  if (issuer && URL.canParse(issuer)) return oidc({ ...client, issuer });
  problems.push(`OIDC_ISSUER is ${issuer ? `'${issuer}'` : 'missing'}. Set it to the issuer's URL.`);
  return undefined;
}

function clientFrom(env: NodeJS.ProcessEnv, name: string, problems: string[]): ProviderClient | undefined {
  const names = [`${name}_CLIENT_ID`, `${name}_CLIENT_SECRET`] as const;
  const [clientId, clientSecret] = names.map((variable) => env[variable]);
  if (clientId && clientSecret) return { clientId, clientSecret };
  if (clientId || clientSecret) problems.push(`${clientId ? names[1] : names[0]} is missing. Set both, or neither.`);
  return undefined;
}
