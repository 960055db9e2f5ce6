import { describe, expect, it } from '@jest/globals';
import { InvalidOptionError } from '../../common/index.js';
import { resolveTokenIssuers, type TokenIssuerOptions } from './access-tokens.options.js';

const given: TokenIssuerOptions = { issuer: 'https://id.example.com', audience: 'app' };

describe(resolveTokenIssuers, () => {
  it('has defaults', () => {
    expect(resolveTokenIssuers([given])).toEqual([
      {
        ...given,
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
        requireAccessTokenType: false,
        provisionUsers: false,
        clockToleranceSeconds: 30,
        keysCooldownSeconds: 30,
      },
    ]);
    expect(resolveTokenIssuers()).toEqual([]);
  });

  it.each<Partial<TokenIssuerOptions>>([
    { issuer: 'http://localhost:8080/realms/a' },
    { issuer: 'http://127.0.0.1:8080' },
    { audience: ['app', 'api'] },
    { algorithms: ['Ed25519'] },
    { jwksUri: 'https://keys.example.com/jwks' },
    { clockToleranceSeconds: 0 },
  ])('takes %j', (options) => {
    expect(resolveTokenIssuers([{ ...given, ...options }])).toMatchObject([options]);
  });

  it.each<Readonly<Record<string, unknown>>>([
    { issuer: 'http://id.example.com' },
    { issuer: 'http://localhost.evil.example' },
    { issuer: 'id.example.com' },
    { issuer: `https://id.example.com/${'a'.repeat(255)}` },
    { audience: '' },
    { audience: [] },
    { audience: ['app', ''] },
    { algorithms: ['HS256'] },
    { algorithms: ['RS256', 'none'] },
    { algorithms: [] },
    { jwksUri: 'http://keys.example.com' },
    { clockToleranceSeconds: -1 },
    { clockToleranceSeconds: Number.NaN },
    { keysCooldownSeconds: Number.POSITIVE_INFINITY },
  ])('refuses %j', (options) => {
    expect(() => resolveTokenIssuers([{ ...given, ...options }])).toThrow(InvalidOptionError);
  });

  it('refuses an issuer that is there twice', () => {
    expect(() => resolveTokenIssuers([given, { ...given, audience: 'api' }])).toThrow(InvalidOptionError);
  });
});
