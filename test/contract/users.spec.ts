import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UniqueConstraintViolationException } from '@mikro-orm/core';
import { GlobalUser, genId, InvalidIdError, InvalidInputError } from 'nestjs-host-database';
import { AuditCapture } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { DuplicateEmailError, DuplicateOAuthIdentityError, UserNotFoundError, UsersService } from 'nestjs-host-database/users';

describe.each(['sqlite', 'postgresql'] as const)(`${UsersService.name} on %s`, (database) => {
  let host: TestHost;
  let sut: UsersService;

  beforeAll(async () => {
    host = await createTestHost({ database });
    sut = host.get(UsersService);
  });
  afterAll(async () => {
    await host.close();
  });

  const countUsers = () => host.run(() => host.hostDatabase.globalUsers.count());

  describe('create', () => {
    it('stores the email in lower case and finds it in any', async () => {
      const user = await host.run(() => sut.create({ email: '  Ada.Lovelace@Example.COM ' }));
      expect(user).toMatchObject({ email: 'ada.lovelace@example.com', isSysAdmin: false, createdAt: host.clock.now() });
      expect(user.id).toMatch(/^[0-9a-f]{32}$/);
      expect(await host.run(async () => (await sut.findByEmail('ADA.lovelace@example.com'))?.id)).toBe(user.id);
    });

    it('refuses a second user with the same email, in whatever case, and writes nothing', async () => {
      await host.newUser({ email: 'grace@example.com' });
      const before = await countUsers();
      await expect(host.run(() => sut.create({ email: 'GRACE@Example.com' }))).rejects.toBeInstanceOf(DuplicateEmailError);
      expect(await countUsers()).toBe(before);
    });

    it('refuses a second user with the same identity', async () => {
      const oauthId = `google:${genId()}`;
      await host.newUser({ oauthId });
      await expect(host.newUser({ oauthId })).rejects.toBeInstanceOf(DuplicateOAuthIdentityError);
    });

    it.each(['', 'ada', 'ada@', 'ada@localhost', 'a b@example.com', 'a\0b@example.com', `${'a'.repeat(250)}@example.com`])(
      'refuses %p as an email',
      async (email) => {
        await expect(host.run(() => sut.create({ email }))).rejects.toBeInstanceOf(InvalidInputError);
      },
    );

    it('leaves a request usable after a refusal', async () => {
      await host.newUser({ email: 'taken@example.com' });
      await host.run(async () => {
        await expect(sut.create({ email: 'taken@example.com' })).rejects.toBeInstanceOf(DuplicateEmailError);
        await sut.create({ email: 'free@example.com' });
      });
      expect(await host.run(() => sut.findByEmail('free@example.com'))).not.toBeNull();
    });
  });

  describe('the table', () => {
    it('holds writers past the service to one row for each email', async () => {
      const insert = (email: string) => host.run((): void => void host.hostDatabase.em.create(GlobalUser, { email }));
      await insert('Hopper@example.com');
      await expect(insert('hopper@EXAMPLE.com')).rejects.toBeInstanceOf(UniqueConstraintViolationException);
    });

    it('refuses an email with capitals in raw SQL', async () => {
      const insert = host.run(() =>
        host
          .get(AuditCapture)
          .allowing('the test', (em) =>
            em.execute(`insert into core_users (id, email, created_at) values (?, 'Raw@example.com', current_timestamp)`, [
              genId(),
            ]),
          ),
      );
      await expect(insert).rejects.toThrow(/core_users_email_lower_check/);
    });
  });

  describe('findOrCreateByOAuth', () => {
    it('registers a person once and records each login', async () => {
      const identity = { oauthId: `google:${genId()}`, email: `${genId()}@example.com` };
      const first = await host.run(() => sut.findOrCreateByOAuth(identity));
      expect(first.lastLogin).toEqual(host.clock.now());
      host.clock.advance(60_000);
      const second = await host.run(() => sut.findOrCreateByOAuth({ ...identity, email: 'changed@example.com' }));
      expect(second.id).toBe(first.id);
      const stored = await host.run(() => sut.getById(first.id));
      expect(stored).toMatchObject({ email: identity.email, lastLogin: host.clock.now() });
    });

    it('makes one person of simultaneous first sign-ins', async () => {
      const identity = { oauthId: `google:${genId()}`, email: `${genId()}@example.com` };
      const before = await countUsers();
      const users = await Promise.all(Array.from({ length: 8 }, () => host.run(() => sut.findOrCreateByOAuth(identity))));
      expect(new Set(users.map(({ id }) => id)).size).toBe(1);
      expect(await countUsers()).toBe(before + 1);
    });

    it('never takes over a user who has the email but not the identity', async () => {
      const victim = await host.newUser({ email: 'victim@example.com' });
      const takeover = host.run(() => sut.findOrCreateByOAuth({ oauthId: 'evil:1', email: 'Victim@example.com' }));
      await expect(takeover).rejects.toBeInstanceOf(DuplicateEmailError);
      expect(await host.run(async () => (await sut.getById(victim.id)).oauthId)).toBeNull();
    });
  });

  describe('the password hash', () => {
    it('is loaded only when asked for, and never serialized', async () => {
      const { id, email } = await host.newUser({ passwordHash: '$argon2id$secret' });
      await host.run(async () => {
        expect((await sut.getById(id)).passwordHash).toBeUndefined();
      });
      await host.run(async () => {
        const user = await sut.findByEmailWithPasswordHash(email);
        expect(user?.passwordHash).toBe('$argon2id$secret');
        expect(JSON.stringify(user)).not.toContain('secret');
      });
    });
  });

  it('refuses an id that is none, and one that nobody has', async () => {
    await host.run(async () => {
      await expect(sut.getById("1' or '1'='1")).rejects.toBeInstanceOf(InvalidIdError);
      await expect(sut.getById(genId())).rejects.toBeInstanceOf(UserNotFoundError);
      expect(await sut.findById(genId())).toBeNull();
    });
  });

  it('records a login', async () => {
    const { id } = await host.newUser();
    host.clock.advance(1_000);
    await host.run(() => sut.recordLogin(id));
    expect(await host.run(async () => (await sut.getById(id)).lastLogin)).toEqual(host.clock.now());
  });
});
