import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import { genId } from 'nestjs-host-database';
import { AccessTokenAuthenticator, CredentialCache } from 'nestjs-host-database/access';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { GlobalUser, UserIdentity, UsersService } from 'nestjs-host-database/users';
import { SqlConversation } from '../support/sql-conversation.js';
import { TokenIssuer, type TokenChanges } from '../support/token-issuer.js';

const START = new Date('2030-01-01T00:00:00.000Z');

describe.each(['sqlite', 'postgresql'] as const)(`${AccessTokenAuthenticator.name} on %s`, (database) => {
  const sql = new SqlConversation();
  let issuer: TokenIssuer;
  let provisioning: TokenIssuer;
  let host: TestHost;
  let sut: AccessTokenAuthenticator;
  let userId: string;

  beforeAll(async () => {
    const now = () => host?.clock.now() ?? START;
    issuer = await TokenIssuer.start(now);
    provisioning = await TokenIssuer.start(now);
    const tokens = [
      { issuer: issuer.url, audience: ['app', 'api'], tenantClaim: 'tenant', keysCooldownSeconds: 0 },
      { issuer: provisioning.url, audience: 'app', provisionUsers: true, requireAccessTokenType: true },
    ];
    host = await createTestHost({
      database,
      mikroOrm: sql.mikroOrm,
      options: { access: { tokens } },
    });
    sut = host.get(AccessTokenAuthenticator);
    userId = (await host.newUser()).id;
    await addIdentity(userId, 'ada');
  });
  beforeEach(() => host.get(CredentialCache).rememberWhile(() => false));
  afterAll(async () => {
    await host.close();
    await issuer.close();
    await provisioning.close();
  });

  const tenantId = genId();
  const addIdentity = (id: string, subject: string) =>
    host.run(async () => {
      const user = await host.get(UsersService).getById(id);
      host.hostDatabase.em.create(UserIdentity, { user, provider: issuer.url, subject });
    });
  const enter = (token: string) => sut.authenticate({ method: 'POST', headers: { authorization: `Bearer ${token}` } });
  const enterWith = async ({ claims, ...changes }: TokenChanges = {}) =>
    enter(await issuer.token({ claims: { tenant: tenantId, ...claims }, ...changes }));
  const refused = (problem: string) => ({ code: 'ACCESS_TOKEN_REFUSED', problem });
  const seconds = () => Math.floor(host.clock.now().getTime() / 1000);

  it('lets in who has a token of the issuer, in the tenant that it names', async () => {
    const expiresAt = new Date((seconds() + 330) * 1000);
    expect(await enterWith()).toEqual({ userId, tenantId, expiresAt });
    expect(await enterWith({ claims: { aud: ['other', 'api'] } })).toMatchObject({ userId });
  });

  it('lets in whom only the oauth_id names', async () => {
    const { id } = await host.newUser({ oauthId: `${issuer.url}:grace` });
    expect(await enterWith({ claims: { sub: 'grace' } })).toMatchObject({ userId: id });
    const { id: odd } = await host.newUser({ oauthId: `${issuer.url}:a:b` });
    await expect(enterWith({ claims: { sub: 'a:b' } })).rejects.toMatchObject(refused('unknown-user'));
    await addIdentity(odd, 'a:b');
    expect(await enterWith({ claims: { sub: 'a:b' } })).toMatchObject({ userId: odd });
  });

  it('leaves to others what is no JWT', async () => {
    for (const headers of [{}, { authorization: `Bearer ${'A'.repeat(43)}` }, { authorization: 'Basic YTpi' }, { cookie: 'a=b.c.d' }]) {
      expect(await sut.authenticate({ headers })).toBeUndefined();
    }
  });

  describe('the signature', () => {
    it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('is taken by %s', async (alg) => {
      await issuer.rotate(alg);
      expect(await enterWith()).toMatchObject({ userId });
      await issuer.rotate();
    });

    it('is not taken by an algorithm that is not allowed, though the key is published', async () => {
      await issuer.rotate('RS512');
      await expect(enterWith()).rejects.toMatchObject(refused('algorithm'));
      await issuer.rotate();
      expect(await enterWith()).toMatchObject({ userId });
    });

    it('is not taken for one that the public key is the secret of', async () => {
      const claims = issuer.claims({ claims: { tenant: tenantId } });
      const secret = new TextEncoder().encode(await issuer.publicPem());
      const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: issuer.key.kid }).sign(secret);
      await expect(enter(forged)).rejects.toMatchObject(refused('algorithm'));
    });

    it('is not done without', async () => {
      const unsigned = new UnsecuredJWT(issuer.claims({ claims: { tenant: tenantId } })).encode();
      await expect(enter(unsigned)).rejects.toMatchObject(refused('algorithm'));
      const [header, payload] = (await issuer.token()).split('.');
      await expect(enter(`${header}.${payload}.`)).rejects.toMatchObject(refused('signature'));
    });

    it('is not taken of another key of the same name, nor for other claims', async () => {
      const stranger = await issuer.newKey();
      await expect(enterWith({ key: { ...stranger, kid: issuer.key.kid } })).rejects.toMatchObject(refused('signature'));
      const [[header, , signature], [, payload]] = [
        (await issuer.token()).split('.'),
        (await issuer.token({ claims: { sub: 'grace', tenant: tenantId } })).split('.'),
      ];
      await expect(enter(`${header}.${payload}.${signature}`)).rejects.toMatchObject(refused('signature'));
    });

    it('is not checked with a key that the token brings along', async () => {
      const stranger = await issuer.newKey();
      const forged = await new SignJWT(issuer.claims({ claims: { tenant: tenantId } }))
        .setProtectedHeader({ alg: 'RS256', kid: stranger.kid, jwk: stranger.jwk, jku: `${provisioning.url}/keys` })
        .sign(stranger.privateKey);
      await expect(enter(forged)).rejects.toMatchObject(refused('key'));
    });
  });

  it.each<[string, string, TokenChanges]>([
    ['audience', 'for another audience', { claims: { aud: 'other' } }],
    ['audience', 'for no audience', { without: ['aud'] }],
    ['issuer', 'of another issuer', { claims: { iss: 'https://evil.example' } }],
    ['issuer', 'of an issuer that begins like the one', { claims: { iss: 'http://127.0.0.1' } }],
    ['malformed', 'of nobody', { without: ['iss'] }],
    ['claims', 'about nobody', { without: ['sub'] }],
    ['claims', 'about somebody without a name', { claims: { sub: '' } }],
    ['claims', 'about somebody with a name that is too long', { claims: { sub: 'x'.repeat(256) } }],
    ['claims', 'that is never over', { without: ['exp'] }],
    ['unknown-user', 'about somebody unknown', { claims: { sub: 'nobody' } }],
    ['tenant-claim', 'for no tenant', { claims: { tenant: undefined } }],
    ['tenant-claim', 'for a tenant of a wrong form', { claims: { tenant: ['a'] } }],
  ])('refuses as %s a token %s', async (problem, _what, changes) => {
    await expect(enterWith(changes)).rejects.toMatchObject(refused(problem));
    expect(await enterWith()).toMatchObject({ userId });
  });

  it.each(['a.b.c', '..', 'e30.e30.', `${Buffer.from('[]').toString('base64url')}.e30.x`])('refuses %p as malformed', async (token) => {
    await expect(enter(token)).rejects.toMatchObject(refused('malformed'));
  });

  it('goes by the injected clock, with half a minute to spare', async () => {
    const at = (exp: number, nbf: number) => enterWith({ claims: { exp: seconds() + exp, nbf: seconds() + nbf } });
    expect(await at(-29, 30)).toMatchObject({ userId });
    await expect(at(-30, 0)).rejects.toMatchObject(refused('expired'));
    await expect(at(300, 31)).rejects.toMatchObject(refused('not-yet-valid'));
    const token = await issuer.token({ claims: { tenant: tenantId } });
    expect(await enter(token)).toMatchObject({ userId });
    host.clock.advance(330_000);
    await expect(enter(token)).rejects.toMatchObject(refused('expired'));
  });

  describe('the keys', () => {
    it('are read again for one that is not known', async () => {
      const before = await issuer.token({ claims: { tenant: tenantId } });
      expect(await enter(before)).toMatchObject({ userId });
      await issuer.rotate();
      const { configuration, keys } = issuer.reads;
      expect(await enterWith()).toMatchObject({ userId });
      expect(issuer.reads).toEqual({ configuration, keys: keys + 1 });
      await expect(enter(before)).rejects.toMatchObject(refused('key'));
    });

    it('are not read again and again for what strangers make up', async () => {
      const tokenOf = (kid: string) => provisioning.token({ claims: { sub: 'x' }, header: { kid } });
      await expect(enter(await tokenOf('a'))).rejects.toMatchObject(refused('key'));
      const { keys } = provisioning.reads;
      for (const kid of ['b', 'c', 'd']) await expect(enter(await tokenOf(kid))).rejects.toMatchObject(refused('key'));
      expect(provisioning.reads.keys).toBe(keys);
    });

    it('are not asked for by a token that is not allowed anyway', async () => {
      const { keys } = issuer.reads;
      const secret = new TextEncoder().encode('x'.repeat(64));
      const forged = await new SignJWT(issuer.claims()).setProtectedHeader({ alg: 'HS256', kid: 'new' }).sign(secret);
      await expect(enter(forged)).rejects.toMatchObject(refused('algorithm'));
      expect(issuer.reads.keys).toBe(keys);
    });
  });

  describe('an issuer that is new to the process', () => {
    let own: TokenIssuer;
    let ownHost: TestHost;

    beforeEach(async () => {
      own = await TokenIssuer.start(() => START);
      ownHost = await createTestHost({ database, options: { access: { tokens: [{ issuer: own.url, audience: 'app' }] } } });
    });
    afterEach(async () => {
      await ownHost.close();
      await own.close();
    });

    const ask = async () => {
      const headers = { authorization: `Bearer ${await own.token()}` };
      return ownHost.get(AccessTokenAuthenticator).authenticate({ headers });
    };
    const unreachable = { code: 'ACCESS_TOKEN_ISSUER_UNREACHABLE' };

    it('is asked once by requests at the same time', async () => {
      const asked = await Promise.allSettled(Array.from({ length: 10 }, ask));
      expect(asked.map((each) => (each.status === 'rejected' ? each.reason.problem : 'in'))).toEqual(Array(10).fill('unknown-user'));
      expect(own.reads).toEqual({ configuration: 1, keys: 1 });
    });

    it('is no reason to refuse a token for good while it cannot be reached', async () => {
      own.isDown = true;
      await expect(ask()).rejects.toMatchObject(unreachable);
      own.isDown = false;
      await expect(ask()).rejects.toMatchObject(refused('unknown-user'));
    });

    it.each([{ issuer: 'https://evil.example' }, { jwks_uri: 'http://evil.example/keys' }, { jwks_uri: undefined }])(
      'is not taken for one whose configuration says %j',
      async (configuration) => {
        own.configuration = configuration;
        await expect(ask()).rejects.toMatchObject(unreachable);
        own.configuration = {};
        await expect(ask()).rejects.toMatchObject(refused('unknown-user'));
      },
    );
  });

  describe('people who are new', () => {
    const enterNew = async (claims: TokenChanges['claims'], header?: TokenChanges['header']) =>
      enter(await provisioning.token({ claims: { ...claims }, ...(header && { header }) }));

    it('are registered once, by an address that the issuer has verified', async () => {
      const [sub, email] = [genId(), `${genId()}@example.com`];
      const entered = await Promise.all(
        Array.from({ length: 6 }, () => enterNew({ sub, email, email_verified: true })),
      );
      expect(new Set(entered.map((principal) => principal?.userId)).size).toBe(1);
      const [{ email: stored }] = [await host.run(() => host.get(UsersService).getById(entered[0]!.userId))];
      expect(stored).toBe(email);
      expect(await enterNew({ sub })).toMatchObject({ userId: entered[0]!.userId });
    });

    it.each([{}, { email: 'new@example.com' }, { email: 'new@example.com', email_verified: false }, { email_verified: true }])(
      'are not registered by %j',
      async (claims) => {
        const before = await host.run(() => host.hostDatabase.em.count(GlobalUser));
        await expect(enterNew({ sub: genId(), ...claims })).rejects.toMatchObject(refused('email'));
        expect(await host.run(() => host.hostDatabase.em.count(GlobalUser))).toBe(before);
      },
    );

    it('are never somebody who has the address, unverified here', async () => {
      const victim = await host.newUser();
      const token = { sub: genId(), email: victim.email, email_verified: true };
      await expect(enterNew(token)).rejects.toMatchObject(refused('email-taken'));
      expect(await host.run(() => host.hostDatabase.em.count(UserIdentity, { user: victim.id }))).toBe(0);
    });

    it('come with an access token, and no other kind of token', async () => {
      const claims = { sub: genId(), email: `${genId()}@example.com`, email_verified: true };
      await expect(enterNew(claims, { typ: 'JWT' })).rejects.toMatchObject(refused('type'));
      expect(await enterNew(claims, { typ: 'application/at+jwt' })).toMatchObject({ userId: expect.any(String) });
    });
  });

  describe('who is deactivated', () => {
    it('is refused with the next request', async () => {
      host.get(CredentialCache).rememberWhile(() => true);
      const { id } = await host.newUser();
      await addIdentity(id, 'leaving');
      const token = await issuer.token({ claims: { sub: 'leaving', tenant: tenantId } });
      expect(await enter(token)).toMatchObject({ userId: id });
      await host.run(async () => void ((await host.get(UsersService).getById(id)).deactivatedAt = host.clock.now()));
      // As the feed of changes does, in every process.
      host.get(CredentialCache).forget(id);
      await expect(enter(token)).rejects.toMatchObject(refused('user-deactivated'));
    });
  });

  it('asks neither the database nor the issuer for a token that the process remembers, until it is over', async () => {
    host.get(CredentialCache).rememberWhile(() => true);
    const token = await issuer.token({ claims: { tenant: tenantId, exp: seconds() + 60 } });
    const principal = await enter(token);
    const { keys } = issuer.reads;
    sql.begin();
    expect(await enter(token)).toEqual(principal);
    expect([sql.said, issuer.reads.keys]).toEqual([[], keys]);
    host.clock.advance(90_000);
    await expect(enter(token)).rejects.toMatchObject(refused('expired'));
  });

  it('records refusals once a minute for each problem', async () => {
    const count = async () => {
      const rows = await host.run(() =>
        host.hostDatabase.em.execute<{ n: number | string }[]>(
          `select count(*) as n from sys_audit_logs where event_type = 'access.token-refused' and outcome = 'denied'`,
        ),
      );
      return Number(rows[0]?.n);
    };
    host.clock.advance(60_000);
    const before = await count();
    for (let tries = 0; tries < 3; tries++) await expect(enter('a.b.c')).rejects.toMatchObject(refused('malformed'));
    await expect(enterWith({ claims: { aud: 'other' } })).rejects.toMatchObject(refused('audience'));
    expect(await count()).toBe(before + 2);
  });
});
