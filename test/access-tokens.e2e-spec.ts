import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HTTP_ADAPTERS, type ReferenceApp, startReferenceApp } from './support/reference-app.js';
import { TokenIssuer } from './support/token-issuer.js';

const EMAIL = 'ada@example.com';

describe.each(HTTP_ADAPTERS)('access tokens of another issuer on %s', (adapter) => {
  let app: ReferenceApp;
  let issuer: TokenIssuer;

  beforeAll(async () => {
    issuer = await TokenIssuer.start(() => app.host.clock.now());
    const tokens = [{ issuer: issuer.url, audience: 'app', provisionUsers: true }];
    app = await startReferenceApp({ adapter, worker: false, access: { tokens } });
  });
  afterAll(async () => {
    await app.host.close();
    await issuer.close();
  });

  const token = (claims = {}) => issuer.token({ claims: { email: EMAIL, email_verified: true, ...claims } });

  it('let a person in whom it vouches for', async () => {
    const { body } = await app
      .as(await token())
      .get('/auth/account')
      .expect(200);

    expect(body).toMatchObject({ email: EMAIL, emailVerifiedAt: expect.any(String) });
  });

  it.each([
    ['that are for somebody else', { aud: 'other' }],
    ['that somebody else says it has made', { iss: 'https://evil.example' }],
    ['that are over', { exp: 1 }],
  ])('let nobody in %s', async (_which, claims) => {
    const response = await app
      .as(await token(claims))
      .get('/auth/account')
      .expect(401);

    expect(response.body.code).toBe('ACCESS_TOKEN_REFUSED');
  });

  it('let nobody in whose token somebody else has signed', async () => {
    const forged = await issuer.token({ key: await issuer.newKey(), claims: { email: EMAIL, email_verified: true } });

    expect((await app.as(forged).get('/auth/account').expect(401)).body.code).toBe('ACCESS_TOKEN_REFUSED');
  });
});
