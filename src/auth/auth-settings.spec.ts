import { describe, expect, it } from '@jest/globals';
import type { GlobalUser } from 'nestjs-host-database';
import { authOptionsOf, authSettingsFrom } from './auth-settings.js';
import { LogMailer } from './log-mailer.js';

const read = (env: NodeJS.ProcessEnv) => {
  const problems: string[] = [];
  return { settings: authSettingsFrom(env, problems), problems };
};

describe('authSettingsFrom', () => {
  it('reads where browsers see the application, and each provider whose client is there', () => {
    const { settings, problems } = read({
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://app.example.com/',
      GOOGLE_CLIENT_ID: 'id',
      GOOGLE_CLIENT_SECRET: 'secret',
      MICROSOFT_CLIENT_ID: 'id',
      MICROSOFT_CLIENT_SECRET: 'secret',
      MICROSOFT_TENANT: 'organizations',
      OIDC_ISSUER: 'https://id.example.com',
      OIDC_CLIENT_ID: 'id',
      OIDC_CLIENT_SECRET: 'secret',
    });

    expect(problems).toEqual([]);
    expect(settings).toMatchObject({ publicUrl: 'https://app.example.com', secureCookies: true, logsMail: false });
    expect(Object.keys(settings.providers)).toEqual(['google', 'microsoft', 'oidc']);
  });

  it('reads whose access tokens are let in, and whether everybody gets a workspace', () => {
    const given = { TOKEN_ISSUER: 'https://id.example.com', TOKEN_AUDIENCE: 'app', PERSONAL_WORKSPACES: 'on' };
    const { settings, problems } = read(given);
    expect(problems).toEqual([]);
    expect(settings.tokens).toMatchObject([{ issuer: 'https://id.example.com', audience: 'app' }]);

    const user = { email: 'ada@example.com' } as GlobalUser;
    expect(authOptionsOf(settings).access?.signIn?.personalTenant?.name(user)).toBe("ada's workspace");
    expect(authOptionsOf(read({}).settings).access).toMatchObject({ tokens: [], signIn: { providers: {} } });
    expect(authOptionsOf(read({}).settings).access?.signIn?.personalTenant).toBeUndefined();
  });

  it.each([
    [{ PUBLIC_URL: 'example.com' }, /^PUBLIC_URL/],
    [{ PUBLIC_URL: 'http://app.example.com' }, /^PUBLIC_URL/],
    [{ PUBLIC_URL: 'http://localhost.example.com' }, /^PUBLIC_URL/],
    [{ PUBLIC_URL: 'https://example.com/app' }, /^PUBLIC_URL/],
    [{ GITHUB_CLIENT_ID: 'id' }, /^GITHUB_CLIENT_SECRET is missing/],
    [{ GITHUB_CLIENT_SECRET: 'secret' }, /^GITHUB_CLIENT_ID is missing/],
    [{ OIDC_CLIENT_ID: 'id', OIDC_CLIENT_SECRET: 'secret' }, /^OIDC_ISSUER is missing/],
    [{ TOKEN_ISSUER: 'https://id.example.com' }, /^TOKEN_AUDIENCE is missing/],
    [{ TOKEN_AUDIENCE: 'app' }, /^TOKEN_ISSUER is missing/],
    [{ PERSONAL_WORKSPACES: 'yes' }, /^PERSONAL_WORKSPACES/],
    [{ NODE_ENV: 'production', GITHUB_CLIENT_ID: 'id', GITHUB_CLIENT_SECRET: 'secret' }, /^PUBLIC_URL is missing/],
  ])('says what is wrong with %j', (env, problem) => {
    expect(read(env).problems).toEqual([expect.stringMatching(problem)]);
  });
});

describe('authOptionsOf', () => {
  it('logs mails outside of production alone: they have secrets in them', () => {
    expect(authOptionsOf(read({}).settings).users?.mailer).toBeInstanceOf(LogMailer);
    expect(authOptionsOf(read({ NODE_ENV: 'production' }).settings).users).toBeUndefined();
  });
});
