import { describe, expect, it } from '@jest/globals';
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
      OIDC_ISSUER: 'https://id.example.com',
      OIDC_CLIENT_ID: 'id',
      OIDC_CLIENT_SECRET: 'secret',
    });

    expect(problems).toEqual([]);
    expect(settings).toMatchObject({ publicUrl: 'https://app.example.com', secureCookies: true, logsMail: false });
    expect(Object.keys(settings.providers)).toEqual(['google', 'oidc']);
  });

  it.each([
    [{ PUBLIC_URL: 'example.com' }, /^PUBLIC_URL/],
    [{ PUBLIC_URL: 'http://app.example.com' }, /^PUBLIC_URL/],
    [{ PUBLIC_URL: 'http://localhost.example.com' }, /^PUBLIC_URL/],
    [{ PUBLIC_URL: 'https://example.com/app' }, /^PUBLIC_URL/],
    [{ GITHUB_CLIENT_ID: 'id' }, /^GITHUB_CLIENT_SECRET is missing/],
    [{ GITHUB_CLIENT_SECRET: 'secret' }, /^GITHUB_CLIENT_ID is missing/],
    [{ OIDC_CLIENT_ID: 'id', OIDC_CLIENT_SECRET: 'secret' }, /^OIDC_ISSUER is missing/],
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
