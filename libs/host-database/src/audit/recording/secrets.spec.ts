import { describe, expect, it } from '@jest/globals';
import { REDACTED, withoutSecrets } from './secrets.js';

describe(withoutSecrets, () => {
  it.each([
    'password',
    'newPassword',
    'password_hash',
    'passwordHash',
    'passphrase',
    'clientSecret',
    'client_secret',
    'webhook-secret',
    'credentials',
    'Authorization',
    'cookie',
    'apiKey',
    'api_key',
    'privateKey',
    'sessionKey',
    'token',
    'accessToken',
    'refresh_token',
    'tokenHash',
    'dbUrl',
    'db_url',
    'connectionString',
    'otp',
    'totp',
    'totpSeed',
    'seed',
    'seedPhrase',
    'hash',
    'pwHash',
    'passHash',
    'recovery_code_hashes',
    'masterKey',
    'dsn',
    'sentryDsn',
  ])('takes out what is called %s, at any depth', (name) => {
    expect(withoutSecrets({ [name]: 'v', list: [{ deep: { [name]: { a: 1 } } }] })).toEqual({
      [name]: REDACTED,
      list: [{ deep: { [name]: REDACTED } }],
    });
  });

  it.each([
    'postgres://app:hunter2@db/host',
    'postgres://u:pa/ss@h',
    'postgresql://h/db?user=u&password=x',
    'Server=h;Password=x;',
    'server=h; pwd = x',
    'sqlserver://h;password=x',
    'https://x?token=abc',
    'https://x/?a=b&access_token=abc',
    'https://x/?key=abc',
    'AccountName=n;AccountKey=x==',
    'failed with {"client_secret": "x"}',
    'a line with mysql://root:x@localhost in it',
    '-----BEGIN PRIVATE KEY-----\nMC4C',
    'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
    'whsec_abcdefghij',
    'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
    'AKIAIOSFODNN7EXAMPLE',
    'Bearer abcdef.ghijkl',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl',
    '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA',
    '$2b$10$N9qo8uLOickgx2ZMRZoMye',
  ])('takes out %s, whatever it is called', (secret) => {
    expect(withoutSecrets({ note: secret, list: [secret] })).toEqual({ note: REDACTED, list: [REDACTED] });
    expect(Object.keys(withoutSecrets({ [secret]: 1 }))).toEqual([REDACTED]);
  });

  it('leaves what is none', () => {
    const details = {
      email: 'ada@example.com',
      role: 'admin',
      monkey: 'ape',
      keyboard: 'qwerty',
      passenger: 'Ada',
      pinned: true,
      tokenized: 3,
      url: 'https://example.com/a?b=c',
      urls: ['https://example.com:8443/users/@ada', 'https://example.com/a?monkey=ape&sort=key'],
      mail: 'mailto:ada@example.com',
      note: 'The password: at least 8 characters.',
      contentHash: 'a1b2',
      commitHash: 'a1b2',
      seedCompany: 'Ada & Sons',
      primaryKey: 'id',
      licenseKeyboard: 'x',
      nothing: null,
      count: 2 ** 53,
    };
    expect(withoutSecrets(details)).toEqual(details);
  });
});
