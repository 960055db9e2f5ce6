import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContextService, genId, GlobalUser, InvalidIdError, InvalidInputError } from 'nestjs-host-database';
import { AuditService } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import {
  IdentityEmailMissingError,
  IdentityLinkRequiredError,
  IdentityNotFoundError,
  IdentityTakenError,
  ImpersonatedAccountChangeError,
  LastSignInMethodError,
  UserDeactivatedError,
  UserEvents,
  UserIdentities,
  UserIdentity,
  UserNotFoundError,
  UsersService,
  type VerifiedIdentity,
} from 'nestjs-host-database/users';

const PROVIDER = 'https://issuer.example';

describe.each(['sqlite', 'postgresql'] as const)(`${UserIdentities.name} on %s`, (database) => {
  let host: TestHost;
  let sut: UserIdentities;
  let users: UsersService;

  beforeAll(async () => {
    host = await createTestHost({ database });
    sut = host.get(UserIdentities);
    users = host.get(UsersService);
  });
  afterAll(async () => {
    await host.close();
  });

  const newIdentity = (facts: Partial<VerifiedIdentity> = {}): VerifiedIdentity => ({
    provider: PROVIDER,
    subject: genId(),
    email: `${genId()}@example.com`,
    emailVerified: true,
    ...facts,
  });
  const signIn = (identity: VerifiedIdentity) => host.run(() => sut.signIn(identity));
  const change = (userId: string, facts: Partial<Pick<GlobalUser, 'emailVerifiedAt' | 'deactivatedAt'>>) =>
    host.run(async (): Promise<void> => void Object.assign(await users.getById(userId), facts));
  const newUser = async ({ verified = true, ...facts }: { readonly verified?: boolean; readonly passwordHash?: string } = {}) => {
    const user = await host.newUser(facts);
    if (verified) await change(user.id, { emailVerifiedAt: host.clock.now() });
    return user;
  };
  const identitiesOf = (userId: string) => host.run(() => sut.list(userId));
  const countUsers = () => host.run(() => host.hostDatabase.globalUsers.count());
  const logOf = async (userId: string, type: string) =>
    (await host.run(() => host.get(AuditService).findByTarget(userId))).filter(({ eventType }) => eventType === type);

  describe('signIn', () => {
    it('registers somebody new, once, and records each login', async () => {
      const identity = newIdentity({ email: `${genId()}@Example.com` });
      const first = await signIn(identity);
      expect(first).toMatchObject({ isNew: true, user: { email: identity.email?.toLowerCase(), lastLogin: host.clock.now() } });
      expect(first.user.emailVerifiedAt).toEqual(host.clock.now());
      host.clock.advance(60_000);
      const second = await signIn({ ...identity, email: 'new-address@example.com' });
      expect(second).toMatchObject({ isNew: false, user: { id: first.user.id, lastLogin: host.clock.now() } });
      expect(await identitiesOf(first.user.id)).toMatchObject([
        { provider: PROVIDER, subject: identity.subject, email: 'new-address@example.com', lastUsedAt: host.clock.now() },
      ]);
      // The address of the account is the person's to change.
      expect((await host.run(() => users.getById(first.user.id))).email).toBe(identity.email?.toLowerCase());
    });

    it('tells the rooms that take part of a new person, whose address is known to be theirs', async () => {
      const heard: GlobalUser[] = [];
      host.get(UserEvents).onRegistered(async ({ user }) => void heard.push(user));
      const { user } = await signIn(newIdentity());
      await signIn(newIdentity({ emailVerified: false }));
      expect(heard.map(({ emailVerifiedAt }) => emailVerifiedAt ?? null)).toEqual([host.clock.now(), null]);
      expect(heard[0]?.id).toBe(user.id);
    });

    it.each([false, undefined, 'false' as unknown as boolean])(
      'does not take the address for verified where the provider says %p',
      async (emailVerified) => {
        const { user } = await signIn({ ...newIdentity(), emailVerified });
        expect(user.emailVerifiedAt ?? null).toBeNull();
      },
    );

    it('keeps the same subject of two providers apart', async () => {
      const identity = newIdentity();
      const one = await signIn(identity);
      const other = await signIn(newIdentity({ provider: 'https://other.example', subject: identity.subject }));
      expect(other).toMatchObject({ isNew: true });
      expect(other.user.id).not.toBe(one.user.id);
    });

    it('keeps issuers apart whose URLs differ by what a subject may say', async () => {
      const one = await signIn(newIdentity({ provider: 'https://issuer.example:8443', subject: 'ada' }));
      const other = await signIn(newIdentity({ provider: PROVIDER, subject: '8443:ada' }));
      expect(other.user.id).not.toBe(one.user.id);
    });

    it('links an address that is verified on both sides', async () => {
      const user = await newUser();
      const identity = newIdentity({ email: user.email.toUpperCase() });
      expect(await signIn(identity)).toMatchObject({ isNew: false, user: { id: user.id } });
      expect(await identitiesOf(user.id)).toMatchObject([{ subject: identity.subject }]);
      expect(await logOf(user.id, 'users.identity-linked')).toMatchObject([{ outcome: 'success' }]);
    });

    it.each([
      ['the provider has not verified', true, false],
      ['we have not verified', false, true],
      ['nobody has verified', false, false],
    ])('does not take over an account on a bare match of an address that %s', async (_case, verified, emailVerified) => {
      const user = await newUser({ verified });
      const before = await countUsers();
      const takeover = signIn(newIdentity({ email: user.email, emailVerified }));
      await expect(takeover).rejects.toMatchObject({ constructor: IdentityLinkRequiredError, userId: user.id });
      expect(await identitiesOf(user.id)).toEqual([]);
      expect(await countUsers()).toBe(before);
      expect(await logOf(user.id, 'users.identity-refused')).toMatchObject([
        { outcome: 'denied', details: { provider: PROVIDER, reason: 'USERS_IDENTITY_LINK_REQUIRED' } },
      ]);
    });

    it('refuses somebody who is deactivated, until they are not', async () => {
      const identity = newIdentity();
      const { user } = await signIn(identity);
      await change(user.id, { deactivatedAt: host.clock.now() });
      await expect(signIn(identity)).rejects.toBeInstanceOf(UserDeactivatedError);
      await expect(signIn(newIdentity({ email: user.email }))).rejects.toBeInstanceOf(UserDeactivatedError);
      expect(await logOf(user.id, 'users.identity-refused')).toHaveLength(2);
      await change(user.id, { deactivatedAt: null });
      expect(await signIn(identity)).toMatchObject({ user: { id: user.id } });
    });

    it('needs an address of somebody new, and of nobody else', async () => {
      const identity = newIdentity();
      await signIn(identity);
      const { email: _email, ...withoutEmail } = identity;
      expect(await signIn(withoutEmail)).toMatchObject({ isNew: false });
      await expect(signIn({ ...withoutEmail, subject: genId() })).rejects.toBeInstanceOf(IdentityEmailMissingError);
    });

    it.each([{ subject: '' }, { subject: ' 1' }, { provider: 'x'.repeat(256) }, { email: 'nobody' }])(
      'refuses %p',
      async (facts) => {
        await expect(signIn(newIdentity(facts))).rejects.toBeInstanceOf(InvalidInputError);
      },
    );

    it('makes one person of simultaneous first sign-ins', async () => {
      const identity = newIdentity();
      const before = await countUsers();
      const results = await Promise.all(Array.from({ length: 8 }, () => signIn(identity)));
      expect(new Set(results.map(({ user }) => user.id)).size).toBe(1);
      expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
      expect(await countUsers()).toBe(before + 1);
      expect(await identitiesOf(results[0]!.user.id)).toHaveLength(1);
    });

    it('links once when one is linked many times at once', async () => {
      const user = await newUser();
      const identity = newIdentity({ email: user.email });
      const results = await Promise.all(Array.from({ length: 8 }, () => signIn(identity)));
      expect(new Set(results.map((result) => result.user.id))).toEqual(new Set([user.id]));
      expect(await identitiesOf(user.id)).toHaveLength(1);
    });

    it('takes part in the transaction of the caller', async () => {
      const identity = newIdentity();
      const undone = host.run(() =>
        host.hostDatabase.transactional(async () => {
          await sut.signIn(identity);
          throw new Error('undone');
        }),
      );
      await expect(undone).rejects.toThrow('undone');
      expect(await host.run(() => users.findByEmail(identity.email ?? ''))).toBeNull();
    });
  });

  describe('link', () => {
    it('adds a way to sign in, whatever its address', async () => {
      const user = await newUser({ verified: false });
      const identity = newIdentity({ emailVerified: false });
      await host.run(() => sut.link(user.id, identity));
      expect(await signIn(identity)).toMatchObject({ isNew: false, user: { id: user.id } });
      expect(await logOf(user.id, 'users.identity-linked')).toHaveLength(1);
    });

    it('leaves the ways into an account to its person, whoever acts as them', async () => {
      const user = await newUser();
      const [own, foreign] = [newIdentity(), newIdentity()];
      const { id } = await host.run(() => sut.link(user.id, own));
      const changes = [
        () => sut.link(user.id, foreign),
        () => sut.unlink(user.id, id),
        () => users.changeEmail(user.id, `${genId()}@example.com`),
      ];
      const facts = { actorUserId: user.id, impersonatorUserId: genId() };
      for (const apply of changes) {
        const refused = host.get(ContextService).run(facts, () => host.run<unknown>(apply));
        await expect(refused).rejects.toBeInstanceOf(ImpersonatedAccountChangeError);
      }
      expect(await identitiesOf(user.id)).toMatchObject([{ id }]);
      expect(await logOf(user.id, 'users.account-change-refused')).toHaveLength(changes.length);
      // The control: they themselves may.
      const { actorUserId } = facts;
      for (const apply of changes) await host.get(ContextService).run({ actorUserId }, () => host.run<unknown>(apply));
      expect(await identitiesOf(user.id)).toMatchObject([{ subject: foreign.subject }]);
    });

    it('does nothing new the second time', async () => {
      const user = await newUser();
      const identity = newIdentity();
      const first = await host.run(() => sut.link(user.id, identity));
      const second = await host.run(() => sut.link(user.id, { ...identity, email: 'other@example.com' }));
      expect(second.id).toBe(first.id);
      expect(await identitiesOf(user.id)).toMatchObject([{ email: 'other@example.com' }]);
    });

    it("refuses another person's identity", async () => {
      const identity = newIdentity();
      const { user: owner } = await signIn(identity);
      const thief = await newUser();
      await expect(host.run(() => sut.link(thief.id, identity))).rejects.toBeInstanceOf(IdentityTakenError);
      expect(await identitiesOf(thief.id)).toEqual([]);
      expect(await signIn(identity)).toMatchObject({ user: { id: owner.id } });
    });

    it('gives an identity to one of two who link it at once', async () => {
      const identity = newIdentity();
      const rivals = [await newUser(), await newUser()];
      const results = await Promise.allSettled(rivals.map(({ id }) => host.run(() => sut.link(id, identity))));
      const [refused, ...others] = results.filter((result) => result.status === 'rejected');
      expect(refused?.reason).toBeInstanceOf(IdentityTakenError);
      expect(others).toEqual([]);
    });

    it('refuses nobody, and somebody who is deactivated', async () => {
      const user = await newUser();
      await change(user.id, { deactivatedAt: host.clock.now() });
      await expect(host.run(() => sut.link(user.id, newIdentity()))).rejects.toBeInstanceOf(UserDeactivatedError);
      await expect(host.run(() => sut.link(genId(), newIdentity()))).rejects.toBeInstanceOf(UserNotFoundError);
      await expect(host.run(() => sut.link('1', newIdentity()))).rejects.toBeInstanceOf(InvalidIdError);
    });
  });

  describe('unlink', () => {
    const unlink = (userId: string, identity: UserIdentity) => host.run(() => sut.unlink(userId, identity.id));

    it('takes one of several ways to sign in', async () => {
      const { user } = await signIn(newIdentity());
      const identity = newIdentity();
      const second = await host.run(() => sut.link(user.id, identity));
      await unlink(user.id, second);
      expect(await identitiesOf(user.id)).toHaveLength(1);
      expect(await logOf(user.id, 'users.identity-unlinked')).toHaveLength(1);
      // Whoever has it now is somebody else.
      expect(await signIn(identity)).toMatchObject({ isNew: true });
    });

    it('leaves the last way, until there is a password', async () => {
      const { user } = await signIn(newIdentity());
      const [last] = await identitiesOf(user.id);
      await expect(unlink(user.id, last!)).rejects.toBeInstanceOf(LastSignInMethodError);
      expect(await identitiesOf(user.id)).toHaveLength(1);
      const withPassword = await newUser({ passwordHash: '$argon2id$' });
      const theirs = await host.run(() => sut.link(withPassword.id, newIdentity()));
      await unlink(withPassword.id, theirs);
      expect(await identitiesOf(withPassword.id)).toEqual([]);
    });

    it('leaves one of two that are unlinked at once', async () => {
      for (let round = 0; round < 5; round++) {
        const { user } = await signIn(newIdentity());
        await host.run(() => sut.link(user.id, newIdentity()));
        const both = await identitiesOf(user.id);
        const results = await Promise.allSettled(both.map((identity) => unlink(user.id, identity)));
        expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
        expect(await identitiesOf(user.id)).toHaveLength(1);
      }
    });

    it("refuses another person's identity", async () => {
      const { user: owner } = await signIn(newIdentity());
      const [theirs] = await identitiesOf(owner.id);
      const other = await newUser({ passwordHash: '$argon2id$' });
      await expect(unlink(other.id, theirs!)).rejects.toBeInstanceOf(IdentityNotFoundError);
      await expect(host.run(() => sut.unlink(genId(), theirs!.id))).rejects.toBeInstanceOf(UserNotFoundError);
      expect(await identitiesOf(owner.id)).toHaveLength(1);
    });
  });

  describe('with findOrCreateByOAuth', () => {
    it('is one person by either way', async () => {
      const subject = genId();
      const email = `${genId()}@example.com`;
      const user = await host.run(() => users.findOrCreateByOAuth({ oauthId: `corp:${subject}`, email }));
      expect(await identitiesOf(user.id)).toMatchObject([{ provider: 'corp', subject, email }]);
      expect(await signIn({ provider: 'corp', subject })).toMatchObject({ isNew: false, user: { id: user.id } });
      const linked = { provider: 'corp', subject: genId() };
      await host.run(() => sut.link(user.id, linked));
      const found = await host.run(() => users.findOrCreateByOAuth({ oauthId: `corp:${linked.subject}`, email }));
      expect(found.id).toBe(user.id);
    });

    it('knows a person who is older than there are rows, and writes theirs', async () => {
      const subject = genId();
      const older = await host.newUser({ oauthId: `corp:${subject}` });
      const results = await Promise.all(Array.from({ length: 4 }, () => signIn({ provider: 'corp', subject })));
      expect(new Set(results.map(({ user }) => user.id))).toEqual(new Set([older.id]));
      expect(await identitiesOf(older.id)).toMatchObject([{ provider: 'corp', subject }]);
    });

    it('takes the oauth_id with its identity, and no last way', async () => {
      const subject = genId();
      const user = await host.run(() =>
        users.findOrCreateByOAuth({ oauthId: `corp:${subject}`, email: `${genId()}@example.com` }),
      );
      const [identity] = await identitiesOf(user.id);
      await expect(host.run(() => sut.unlink(user.id, identity!.id))).rejects.toBeInstanceOf(LastSignInMethodError);
      await host.run(() => sut.link(user.id, newIdentity()));
      await host.run(() => sut.unlink(user.id, identity!.id));
      expect(await host.run(() => users.findByOAuthId(`corp:${subject}`))).toBeNull();
    });

    it('refuses somebody who is deactivated', async () => {
      const identity = { oauthId: `corp:${genId()}`, email: `${genId()}@example.com` };
      const { id } = await host.run(() => users.findOrCreateByOAuth(identity));
      await change(id, { deactivatedAt: host.clock.now() });
      await expect(host.run(() => users.findOrCreateByOAuth(identity))).rejects.toBeInstanceOf(UserDeactivatedError);
    });
  });
});
