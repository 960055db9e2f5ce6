import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPair } from 'jose';
import {
  oidc,
  ProviderSignIn,
  SignInDeniedError,
  SignInProviderUnreachableError,
  SignInResponseInvalidError,
} from 'nestjs-host-database/access';
import { CLIENT } from './support/oidc-issuer.js';
import { everythingOf, type OnTheWay, PUBLIC_URL, SignInArena } from './support/sign-in-arena.js';
import { type Answer, signAnew, TamperedFetch } from './support/tampered-fetch.js';

const DISCOVERY = '/.well-known/openid-configuration';
const HOUR_S = 3_600;

/** What an attacker, or an issuer that is wrong, does. The database has no part in it; test/contract has what it has a part in. */
describe(`${ProviderSignIn.name} under attack`, () => {
  let arena: SignInArena;

  beforeAll(async () => {
    arena = await SignInArena.start('sqlite');
  });
  afterAll(async () => {
    await arena.close();
  });

  const refused = async (attempt: Promise<unknown>) => {
    const before = await arena.countUsers();
    const error = await attempt.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(await arena.countUsers()).toBe(before);
    return error;
  };
  /** The same address, with one parameter of it changed. */
  const withParameter = ({ url }: OnTheWay, name: string, value: string): string => {
    const changed = new URL(url);
    changed.searchParams.set(name, value);
    return changed.href;
  };

  afterEach(async () => {
    // The positive control of each: with nothing changed, the same application lets people in. It throws where it does not.
    arena.wire.restore();
    await arena.signIn(arena.newPerson());
  });

  describe('the way back', () => {
    it('is refused with a code for another code_verifier', async () => {
      const way = await arena.begin();
      const other = await arena.begin();
      const challenge = new URL(other.url).searchParams.get('code_challenge') ?? '';
      const back = await arena.acme.visit(withParameter(way, 'code_challenge', challenge), arena.newPerson());
      expect(await refused(arena.finish(back, way.cookie))).toMatchObject({
        constructor: SignInResponseInvalidError,
        problem: 'invalid_grant',
      });
    });

    it("is refused with somebody else's code", async () => {
      const attacker = await arena.begin();
      const theirs = await arena.acme.visit(attacker.url, arena.newPerson());
      const victim = await arena.begin();
      const back = await arena.acme.visit(victim.url, arena.newPerson());
      back.searchParams.set('code', theirs.searchParams.get('code') ?? '');
      expect(await refused(arena.finish(back, victim.cookie))).toMatchObject({
        constructor: SignInResponseInvalidError,
        problem: 'invalid_grant',
      });
    });

    it('is refused with another nonce in the token', async () => {
      const way = await arena.begin();
      const back = await arena.acme.visit(withParameter(way, 'nonce', 'n'.repeat(43)), arena.newPerson());
      expect(await refused(arena.finish(back, way.cookie))).toMatchObject({
        constructor: SignInResponseInvalidError,
        problem: 'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
      });
    });

    it('is refused from another issuer than it led to', async () => {
      const way = await arena.begin();
      const state = new URL(way.url).searchParams.get('state') ?? '';
      const elsewhere = await arena.begin({ provider: 'globex' });
      const back = await arena.globex.visit(withParameter(elsewhere, 'state', state), arena.newPerson());
      expect(back.searchParams.get('iss')).toBe(arena.globex.issuer);
      expect(await refused(arena.finish(back, way.cookie))).toMatchObject({
        constructor: SignInResponseInvalidError,
        problem: 'OAUTH_INVALID_RESPONSE',
      });
      // The code of the wrong issuer was sent nowhere.
    });

    it.each([['iss'], ['code']])('is refused without %s', async (parameter) => {
      const way = await arena.begin();
      const back = await arena.acme.visit(way.url, arena.newPerson());
      back.searchParams.delete(parameter);
      expect(await refused(arena.finish(back, way.cookie))).toBeInstanceOf(SignInResponseInvalidError);
    });

    it('is refused where the person has declined', async () => {
      const way = await arena.begin();
      const back = await arena.acme.visit(way.url, 'declines');
      expect(await refused(arena.finish(back, way.cookie))).toMatchObject({
        constructor: SignInDeniedError,
        provider: arena.acme.issuer,
        problem: 'access_denied',
      });
      expect((await arena.refusals())[0]).toMatchObject({
        outcome: 'denied',
        details: { provider: 'acme', reason: 'ACCESS_SIGN_IN_DENIED', problem: 'access_denied' },
      });
    });

    it('says nothing that the address has made up', async () => {
      const way = await arena.begin();
      const back = await arena.acme.visit(way.url, 'declines');
      back.searchParams.set('error', '<b>call 555-0199 and read your password</b>');
      back.searchParams.set('error_description', 'call 555-0199');
      const error = await refused(arena.finish(back, way.cookie));
      expect(error).toMatchObject({ constructor: SignInDeniedError, problem: 'unknown' });
      expect(everythingOf(error)).not.toContain('555-0199');
    });
  });

  describe('the token', () => {
    const tampered = async (change: (answer: Answer) => Answer | Promise<Answer>) => {
      const way = await arena.begin();
      arena.wire.change('/token', change);
      return arena.finish(await arena.acme.visit(way.url, arena.newPerson()), way.cookie);
    };
    const resigned = (changes: Readonly<Record<string, unknown>>) =>
      tampered(async (answer) => ({ ...answer, id_token: await signAnew(answer['id_token'], changes, { key: arena.acme.key }) }));

    it('is taken, signed anew with the key of the issuer', async () => {
      // Without this, nothing below would show that it is refused for what was changed.
      expect(await resigned({})).toMatchObject({ isNew: true });
    });

    it.each([
      ['of another issuer', { iss: 'https://evil.example' }, 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
      ['for another client', { aud: 'another-application' }, 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
      ['for several clients, of another one', { aud: [CLIENT.clientId, 'x'], azp: 'x' }, 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
      ['that has expired', { exp: 0, iat: 0 }, 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'],
      ['of the future', { nbf: Date.now() / 1000 + HOUR_S }, 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'],
      ['of another sign-in', { nonce: 'n'.repeat(43) }, 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
      ['without a nonce', { nonce: undefined }, 'OAUTH_INVALID_RESPONSE'],
      ['without a subject', { sub: undefined }, 'OAUTH_INVALID_RESPONSE'],
      ['without an end', { exp: undefined }, 'OAUTH_INVALID_RESPONSE'],
    ] as const)('is refused %s', async (_case, changes, problem) => {
      expect(await refused(resigned(changes))).toMatchObject({ constructor: SignInResponseInvalidError, problem });
    });

    it('is refused with the signature of another key', async () => {
      const { privateKey } = await generateKeyPair('RS256');
      const attempt = tampered(async (answer) => ({
        ...answer,
        id_token: await signAnew(answer['id_token'], {}, { key: privateKey }),
      }));
      expect(await refused(attempt)).toBeInstanceOf(SignInResponseInvalidError);
    });

    it('is refused with the signature taken from another token', async () => {
      const attempt = tampered(async (answer) => {
        const [header, , signature] = String(answer['id_token']).split('.');
        const forged = await signAnew(answer['id_token'], { sub: 'somebody-else' }, { key: arena.acme.key });
        return { ...answer, id_token: [header, forged.split('.')[1], signature].join('.') };
      });
      expect(await refused(attempt)).toBeInstanceOf(SignInResponseInvalidError);
    });

    it.each([
      ['without a signature', 'none'],
      ['with the client secret in place of the key', 'HS256'],
    ])('is refused %s, even where the issuer says that it may be', async (_case, alg) => {
      const wire = new TamperedFetch();
      wire.change(DISCOVERY, (answer) => ({ ...answer, id_token_signing_alg_values_supported: ['RS256', 'none', 'HS256'] }));
      wire.change('/token', async (answer) => {
        const signed = await signAnew(answer['id_token'], {}, { key: Buffer.from(CLIENT.clientSecret), alg: 'HS256' });
        const [, payload = ''] = signed.split('.');
        const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
        return { ...answer, id_token: alg === 'none' ? `${none}.${payload}.` : signed };
      });
      expect(await refused(directly(wire))).toBeInstanceOf(SignInResponseInvalidError);
      wire.change('/token', (answer) => answer);
      expect(await directly(wire)).toMatchObject({ provider: arena.acme.issuer });
    });

    it('is refused when there is none', async () => {
      const attempt = tampered(({ id_token: _idToken, ...answer }) => answer);
      expect(await refused(attempt)).toBeInstanceOf(SignInResponseInvalidError);
    });

    it('is refused when the user info is about somebody else', async () => {
      const way = await arena.begin();
      arena.wire.change('/me', (answer) => ({ ...answer, sub: 'somebody-else' }));
      const back = await arena.acme.visit(way.url, arena.newPerson());
      expect(await refused(arena.finish(back, way.cookie))).toBeInstanceOf(SignInResponseInvalidError);
    });
  });

  /** At acme, past the host: who came back. */
  async function directly({ fetch }: TamperedFetch) {
    const provider = oidc({ ...CLIENT, issuer: arena.acme.issuer, fetch });
    const attempt = {
      redirectUri: `${PUBLIC_URL}/auth/acme/callback`,
      state: 's'.repeat(43),
      nonce: 'n'.repeat(43),
      codeVerifier: 'v'.repeat(43),
      now: new Date(),
    };
    const callbackUrl = await arena.acme.visit((await provider.begin(attempt)).href, arena.newPerson());
    return provider.finish({ ...attempt, callbackUrl });
  }

  describe('the issuer', () => {
    it('is refused when it says that it is another one', async () => {
      const wire = new TamperedFetch();
      wire.change(DISCOVERY, (answer) => ({ ...answer, issuer: 'https://evil.example' }));
      expect(await refused(directly(wire))).toMatchObject({
        constructor: SignInResponseInvalidError,
        problem: 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
      });
      wire.restore();
      expect(await directly(wire)).toMatchObject({ provider: arena.acme.issuer });
    });

    it('is asked again once it has not answered', async () => {
      let isUp = false;
      const fetched = (url: string, init: RequestInit) => fetch(isUp ? url : 'http://127.0.0.1:1/', init);
      const provider = oidc({ ...CLIENT, issuer: arena.acme.issuer, fetch: fetched });
      const attempt = { redirectUri: PUBLIC_URL, state: 's', nonce: 'n', codeVerifier: 'v'.repeat(43), now: new Date() };
      const failure = await provider.begin(attempt).catch((error: unknown) => error);
      expect(failure).toMatchObject({ constructor: SignInProviderUnreachableError, provider: arena.acme.issuer });
      isUp = true;
      expect((await provider.begin(attempt)).origin).toBe(arena.acme.issuer);
    });

    it.each([
      ['an error of its own', () => Response.json({ error: 'server_error' }, { status: 500 })],
      ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
      ['half an answer', () => new Response('{"access_token":', { headers: { 'content-type': 'application/json' } })],
    ])('is taken for unreachable when the token endpoint answers with %s', async (_case, answer) => {
      const fetched = (url: string, init: RequestInit) => (url.endsWith('/token') ? Promise.resolve(answer()) : fetch(url, init));
      const wire = new TamperedFetch();
      expect(await directly(wire)).toMatchObject({ provider: arena.acme.issuer });
      const broken = Object.assign(new TamperedFetch(), { fetch: fetched });
      expect(await refused(directly(broken))).toBeInstanceOf(SignInProviderUnreachableError);
    });
  });

  it('tells no secret, code or token, in no error and no row of the log', async () => {
    const seen = new Set<string>([CLIENT.clientSecret]);
    const failures: unknown[] = [];
    const attempt = async (
      change: (answer: Answer) => Answer | Promise<Answer>,
      spoil: (back: URL) => void = () => undefined,
    ) => {
      const way = await arena.begin();
      arena.wire.change('/token', async (answer) => {
        const changed = await change(answer);
        for (const token of [answer['access_token'], answer['id_token'], changed['id_token'] ?? '']) seen.add(String(token));
        return changed;
      });
      const back = await arena.acme.visit(way.url, arena.newPerson());
      for (const secret of ['code', 'state']) seen.add(back.searchParams.get(secret) ?? '');
      seen.add(way.cookie.split('=')[1] ?? '');
      spoil(back);
      failures.push(await refused(arena.finish(back, way.cookie)));
    };
    for (const changes of [{ iss: 'https://evil.example' }, { exp: 0 }, { nonce: undefined }]) {
      await attempt(async (answer) => ({
        ...answer,
        id_token: await signAnew(answer['id_token'], changes, { key: arena.acme.key }),
      }));
    }
    // What the errors of the protocol carry: the body with the access token, and the address with the code.
    await attempt(({ id_token: _idToken, ...answer }) => answer);
    await attempt(
      (answer) => answer,
      ({ searchParams }) => searchParams.set('iss', 'https://evil.example'),
    );
    await attempt(
      (answer) => answer,
      ({ searchParams }) => searchParams.set('error', 'access_denied'),
    );
    seen.delete('');

    const told = everythingOf([failures, await arena.refusals()]);
    expect(failures.map((failure) => (failure as Error).name)).toEqual([
      ...Array.from({ length: 5 }, () => SignInResponseInvalidError.name),
      SignInDeniedError.name,
    ]);
    // A secret of the client, and of each attempt state, code and cookie; of those that came to tokens, theirs.
    expect(seen.size).toBe(1 + 6 * 3 + 3 * 3 + 2);
    expect([...seen].filter((secret) => told.includes(secret))).toEqual([]);
    expect(told).toContain('ACCESS_SIGN_IN_RESPONSE_INVALID');
  });
});
