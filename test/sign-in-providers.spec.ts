import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { InvalidOptionError } from 'nestjs-host-database';
import {
  github,
  google,
  microsoft,
  oidc,
  type ProviderFetch,
  type SignInProvider,
  SignInProviderUnreachableError,
  SignInResponseInvalidError,
} from 'nestjs-host-database/access';
import { GithubServer } from './support/github-server.js';
import { CLIENT } from './support/oidc-issuer.js';
import { everythingOf } from './support/sign-in-arena.js';

const REDIRECT_URI = 'https://app.example.com/auth/provider/callback';
const ATTEMPT = {
  redirectUri: REDIRECT_URI,
  state: 's'.repeat(43),
  nonce: 'n'.repeat(43),
  codeVerifier: 'v'.repeat(43),
  now: new Date(),
} as const;

describe(github, () => {
  let server: GithubServer;
  let sut: SignInProvider;

  beforeAll(async () => {
    server = await GithubServer.start();
    sut = github({ ...CLIENT, baseUrl: `${server.baseUrl}/` });
  });
  afterEach(() => {
    server.apiStatus = 200;
  });
  afterAll(async () => {
    await server.close();
  });

  const signIn = async (provider = sut, changes: Partial<typeof ATTEMPT> = {}) => {
    const callbackUrl = await server.visit(await provider.begin(ATTEMPT));
    return provider.finish({ ...ATTEMPT, ...changes, callbackUrl });
  };
  const email = (address: string, facts: object) => ({ email: address, primary: false, verified: false, ...facts });

  it('sends people to GitHub with PKCE and state', async () => {
    const { origin, pathname, searchParams } = await github(CLIENT).begin(ATTEMPT);
    expect(`${origin}${pathname}`).toBe('https://github.com/login/oauth/authorize');
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: CLIENT.clientId,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: 'read:user user:email',
      state: ATTEMPT.state,
    });
  });

  it('knows people by their id, and the primary address as GitHub has verified it', async () => {
    const emails = [email('old@example.com', { verified: true }), email('ada@example.com', { primary: true, verified: true })];
    server.account = { id: 583231, login: 'ada', email: 'public@example.com', emails };
    expect(await signIn()).toEqual({
      provider: server.baseUrl,
      subject: '583231',
      email: 'ada@example.com',
      emailVerified: true,
    });
  });

  it('takes no other address for verified', async () => {
    const emails = [email('old@example.com', { verified: true }), email('ada@example.com', { primary: true })];
    server.account = { id: 1, email: 'old@example.com', emails };
    expect(await signIn()).toMatchObject({ email: 'ada@example.com', emailVerified: false });
    server.account = { id: 1, emails: [email('ada@example.com', { primary: true, verified: 'true' })] };
    expect(await signIn()).toMatchObject({ emailVerified: false });
  });

  it.each([[[]], [{ message: 'no emails' }], [[email('old@example.com', { verified: true })]], [[null]]])(
    'knows no address where GitHub tells %j',
    async (emails) => {
      server.account = { id: 1, email: 'public@example.com', emails };
      expect(await signIn()).toEqual({ provider: server.baseUrl, subject: '1' });
    },
  );

  it.each([undefined, null, 'ada', 1.5])('refuses somebody whose id is %p', async (id) => {
    server.account = { id, login: 'ada', emails: [] };
    await expect(signIn()).rejects.toMatchObject({ constructor: SignInResponseInvalidError, problem: 'user-id' });
    server.account = { id: 7, login: 'ada', emails: [] };
    expect(await signIn()).toMatchObject({ subject: '7' });
  });

  it('refuses another code_verifier, a code that was used, and another state', async () => {
    await expect(signIn(sut, { codeVerifier: 'w'.repeat(43) })).rejects.toBeInstanceOf(SignInResponseInvalidError);
    const callbackUrl = await server.visit(await sut.begin(ATTEMPT));
    expect(await sut.finish({ ...ATTEMPT, callbackUrl })).toMatchObject({ provider: server.baseUrl });
    await expect(sut.finish({ ...ATTEMPT, callbackUrl })).rejects.toBeInstanceOf(SignInResponseInvalidError);
    await expect(signIn(sut, { state: 't'.repeat(43) })).rejects.toBeInstanceOf(SignInResponseInvalidError);
  });

  it('refuses the answer of another issuer', async () => {
    const callbackUrl = await server.visit(await sut.begin(ATTEMPT));
    callbackUrl.searchParams.set('iss', 'https://evil.example');
    await expect(sut.finish({ ...ATTEMPT, callbackUrl })).rejects.toBeInstanceOf(SignInResponseInvalidError);
    callbackUrl.searchParams.set('iss', `${server.baseUrl}/login/oauth`);
    expect(await sut.finish({ ...ATTEMPT, callbackUrl })).toMatchObject({ provider: server.baseUrl });
  });

  it('refuses where the client is not known there, and tells no secret', async () => {
    const wrong = github({ ...CLIENT, clientSecret: 'a-secret-that-is-wrong', baseUrl: server.baseUrl });
    const failure = await signIn(wrong).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SignInResponseInvalidError);
    expect(everythingOf(failure)).not.toContain('a-secret-that-is-wrong');
  });

  it.each([
    [500, SignInProviderUnreachableError],
    [503, SignInProviderUnreachableError],
    [401, SignInResponseInvalidError],
    [403, SignInResponseInvalidError],
  ])('refuses where the API answers %d', async (status, Failure) => {
    server.account = { id: 1, emails: [] };
    server.apiStatus = status;
    await expect(signIn()).rejects.toBeInstanceOf(Failure);
  });

  it('asks the API at the address that is configured', async () => {
    const asked: string[] = [];
    const fetched: ProviderFetch = async (url, init) => {
      asked.push(url);
      return fetch(url, init);
    };
    const apiUrl = `${server.baseUrl}/api/v3/`;
    await signIn(github({ ...CLIENT, baseUrl: server.baseUrl, apiUrl, fetch: fetched }));
    expect(asked).toEqual([
      `${server.baseUrl}/login/oauth/access_token`,
      `${server.baseUrl}/api/v3/user`,
      `${server.baseUrl}/api/v3/user/emails`,
    ]);
  });
});

/** Whatever issuer there is, answered for without a network. */
async function issuerOf(discovered: string, claims: JWTPayload): Promise<ProviderFetch> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const base = 'https://endpoints.example';
  const token = await new SignJWT({ nonce: ATTEMPT.nonce, aud: CLIENT.clientId, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'first' })
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey);
  const endpoints = {
    issuer: discovered,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/keys`,
    id_token_signing_alg_values_supported: ['RS256'],
  };
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'first', alg: 'RS256', use: 'sig' }];
  return async (url) => {
    if (url === `${base}/token`) return Response.json({ access_token: 'x', token_type: 'bearer', id_token: token });
    return Response.json(url === `${base}/keys` ? { keys } : endpoints);
  };
}

async function comeBack(provider: SignInProvider) {
  await provider.begin(ATTEMPT);
  const callbackUrl = new URL(`${REDIRECT_URI}?code=c&state=${ATTEMPT.state}`);
  return provider.finish({ ...ATTEMPT, callbackUrl });
}

describe(google, () => {
  const ISSUER = 'https://accounts.google.com';

  it.each([
    ['of Gmail', { email: 'Ada@Gmail.com', email_verified: true }, true],
    ['of Gmail, not verified', { email: 'ada@gmail.com', email_verified: false }, false],
    ['of a Workspace', { email: 'ada@corp.example', email_verified: true, hd: 'corp.example' }, true],
    ['of another mail service', { email: 'ada@example.com', email_verified: true }, false],
    ['of a domain that looks like Gmail', { email: 'ada@evil-gmail.com.example', email_verified: true }, false],
    ['of a domain that ends like Gmail', { email: 'ada@notgmail.com', email_verified: true }, false],
  ])('takes an address %s for what it is', async (_case, claims, emailVerified) => {
    const fetched = await issuerOf(ISSUER, { iss: ISSUER, sub: '1', ...claims });
    expect(await comeBack(google({ ...CLIENT, fetch: fetched }))).toEqual({
      provider: ISSUER,
      subject: '1',
      email: claims.email,
      emailVerified,
    });
  });
});

describe(microsoft, () => {
  const TENANT = '9122040d-6c67-4c5b-b112-36a304b66dad';
  const TEMPLATE = 'https://login.microsoftonline.com/{tenantid}/v2.0';
  const issuer = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`;
  const signIn = async (claims: JWTPayload, tenant?: string) => {
    const fetched = await issuerOf(tenant === undefined ? TEMPLATE : issuer(tenant), { sub: 'pairwise', ...claims });
    return comeBack(microsoft({ ...CLIENT, fetch: fetched, ...(tenant !== undefined && { tenant }) }));
  };

  it('knows people by the issuer of their own directory', async () => {
    expect(await signIn({ iss: issuer(TENANT), tid: TENANT, email: 'ada@corp.example' })).toEqual({
      provider: issuer(TENANT),
      subject: 'pairwise',
      email: 'ada@corp.example',
      emailVerified: false,
    });
  });

  it("refuses one directory's name on the token of another", async () => {
    const other = 'f8cdef31-a31e-4b4a-93e4-5f571e91255a';
    await expect(signIn({ iss: issuer(TENANT), tid: other })).rejects.toBeInstanceOf(SignInResponseInvalidError);
    await expect(signIn({ iss: 'https://evil.example', tid: TENANT })).rejects.toBeInstanceOf(SignInResponseInvalidError);
    await expect(signIn({ iss: issuer(TENANT), tid: TENANT }, other)).rejects.toBeInstanceOf(SignInResponseInvalidError);
    expect(await signIn({ iss: issuer(other), tid: other }, other)).toMatchObject({ provider: issuer(other) });
  });

  it.each([
    [{ email_verified: true }, false],
    [{ xms_edov: false }, false],
    [{ xms_edov: '0' }, false],
    [{ xms_edov: true }, true],
    [{ xms_edov: '1' }, true],
  ])('takes an address with %j for verified: %p', async (claims, emailVerified) => {
    const identity = await signIn({ iss: issuer(TENANT), tid: TENANT, email: 'ada@corp.example', ...claims });
    expect(identity).toMatchObject({ emailVerified });
  });
});

describe(oidc, () => {
  const ISSUER = 'https://issuer.example';
  const signIn = async (claims: JWTPayload, options: object = {}) => {
    const fetched = await issuerOf(`${ISSUER}/`, { iss: `${ISSUER}/`, sub: '1', ...claims });
    return comeBack(oidc({ ...CLIENT, issuer: ISSUER, fetch: fetched, ...options }));
  };

  it.each([
    [{}, undefined],
    [{ email: 'a@example.com' }, false],
    [{ email: 'a@example.com', email_verified: false }, false],
    [{ email: 'a@example.com', email_verified: 'false' }, false],
    [{ email: 'a@example.com', email_verified: 1 }, false],
    [{ email: 'a@example.com', email_verified: true }, true],
    [{ email: 'a@example.com', email_verified: 'true' }, true],
    [{ email: ['a@example.com'], email_verified: true }, undefined],
  ])('goes by the claims %j', async (claims, emailVerified) => {
    expect((await signIn(claims)).emailVerified).toBe(emailVerified);
  });

  it('lets the application decide which addresses count as verified', async () => {
    const emailVerified = ({ email }: Readonly<Record<string, unknown>>) => email === 'a@corp.example';
    const claims = { email: 'a@corp.example', email_verified: false };
    expect(await signIn(claims, { emailVerified })).toMatchObject({ emailVerified: true });
    expect(await signIn({ ...claims, email: 'b@example.com', email_verified: true }, { emailVerified })).toMatchObject({
      emailVerified: false,
    });
  });

  it('adds parameters, but replaces none of the protocol', async () => {
    const fetched = await issuerOf(`${ISSUER}/`, {});
    const authorizationParameters = { prompt: 'select_account', state: 'fixed', code_challenge_method: 'plain' };
    const url = await oidc({ ...CLIENT, issuer: ISSUER, fetch: fetched, authorizationParameters }).begin(ATTEMPT);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      prompt: 'select_account',
      state: ATTEMPT.state,
      code_challenge_method: 'S256',
    });
  });

  it.each([
    'http://issuer.example',
    'http://localhost.evil.example',
    'https://ada:secret@issuer.example',
    'https://issuer.example?x=1',
    'ftp://issuer.example',
    'issuer.example',
    '',
  ])('refuses %p as an issuer', (issuer) => {
    expect(() => oidc({ ...CLIENT, issuer })).toThrow(InvalidOptionError);
    expect(() => github({ ...CLIENT, baseUrl: issuer })).toThrow(InvalidOptionError);
  });

  it.each(['https://issuer.example', 'http://localhost:3000', 'http://127.0.0.1:3000/realm', 'http://[::1]:3000'])(
    'takes %p',
    (issuer) => {
      expect(oidc({ ...CLIENT, issuer })).toBeDefined();
    },
  );
});

it.each([
  ['oidc', oidc({ ...CLIENT, issuer: 'https://issuer.example' })],
  ['google', google(CLIENT)],
  ['microsoft', microsoft(CLIENT)],
  ['github', github(CLIENT)],
])('%s shows nobody the secret of the client', (_name, provider) => {
  expect(everythingOf({ CLIENT })).toContain(CLIENT.clientSecret);
  expect(everythingOf({ provider })).not.toContain(CLIENT.clientSecret);
});
