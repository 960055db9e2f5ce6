import { describe, expect, it } from '@jest/globals';
import { InvalidOptionError } from '../../common/index.js';
import { github } from './providers/github.js';
import { resolveSignInOptions } from './sign-in.options.js';

const provider = github({ clientId: 'id', clientSecret: 'secret' });
const publicUrl = 'https://app.example.com';

describe(resolveSignInOptions, () => {
  it('needs nothing where nobody signs in by a provider', () => {
    expect(resolveSignInOptions()).toEqual({ callbackPath: '/auth/:provider/callback', providers: {} });
  });

  it('takes providers with the origin that they send people back to', () => {
    const resolved = resolveSignInOptions({ publicUrl: 'https://App.example.com:443/', providers: { 'git-hub': provider } });
    expect(resolved).toMatchObject({ publicUrl, providers: { 'git-hub': provider } });
  });

  it.each([
    ['providers and no publicUrl', { providers: { github: provider } }],
    ['a key with capitals', { publicUrl, providers: { GitHub: provider } }],
    ['a key with a slash', { publicUrl, providers: { 'git/hub': provider } }],
    ['a publicUrl without TLS', { publicUrl: 'http://app.example.com' }],
    ['a publicUrl with a path', { publicUrl: `${publicUrl}/app` }],
    ['a publicUrl that is none', { publicUrl: 'app.example.com' }],
    ['one callback for all providers', { callbackPath: '/callback' }],
    ['a callback elsewhere', { callbackPath: '//evil.example/:provider' }],
    ['a callback with a query', { callbackPath: '/callback?provider=:provider' }],
  ])('refuses %s', (_case, options) => {
    expect(() => resolveSignInOptions(options)).toThrow(InvalidOptionError);
  });
});
