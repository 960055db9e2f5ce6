import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { hash } from '@node-rs/argon2';
import { genId } from 'nestjs-host-database';
import type { HostAuditLog } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import {
  InvalidCredentialsError,
  PasswordBackoff,
  PasswordHasher,
  PasswordInTransactionError,
  PasswordSignIn,
  TooManyAttemptsError,
  UserEvents,
  type UserPasswordChanged,
  UsersService,
  WeakPasswordError,
} from 'nestjs-host-database/users';
import { dumpTables } from '../support/table-dump.js';

const CHEAP = { memoryKib: 8, passes: 1, parallelism: 1 };
const PASSWORD = 'four words of mine';
const WRONG = 'four words of yours';
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe.each(['sqlite', 'postgresql'] as const)(`${PasswordSignIn.name} on %s`, (database) => {
  let host: TestHost;
  let sut: PasswordSignIn;
  let verify: jest.SpiedFunction<PasswordHasher['verify']>;

  beforeAll(async () => {
    host = await createTestHost({ database, options: { users: { passwords: { argon2: CHEAP } } } });
    sut = host.get(PasswordSignIn);
  });
  beforeEach(() => {
    verify = jest.spyOn(host.get(PasswordHasher), 'verify');
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await host.close();
  });

  const newAddress = () => `${genId()}@example.com`;
  const register = (email = newAddress(), password = PASSWORD) => host.run(() => sut.register({ email, password }));
  const signIn = (email: string, password = PASSWORD) => host.run(() => sut.signIn({ email, password }));
  const fail = async (email: string, times = 1) => {
    for (let time = 0; time < times; time++) await expect(signIn(email, WRONG)).rejects.toBeInstanceOf(InvalidCredentialsError);
  };
  const deactivate = (id: string) =>
    host.run(async () => {
      (await host.get(UsersService).getById(id)).deactivatedAt = host.clock.now();
    });
  const newestEvent = (eventType: string): Promise<HostAuditLog | null> =>
    host.run(() => host.hostDatabase.auditLogs.findOne({ eventType }, { orderBy: { id: 'desc' } }));
  const dump = () => host.run(() => dumpTables(host.hostDatabase.em, database));

  describe('register', () => {
    it('makes a person who can sign in, and keeps the password nowhere', async () => {
      const user = await register('Ada.Lovelace@Example.com');

      expect(user.email).toBe('ada.lovelace@example.com');
      expect(await signIn('ADA.lovelace@example.com')).toMatchObject({ id: user.id, emailVerifiedAt: null });
      expect(await dump()).not.toContain(PASSWORD);
    });

    it('refuses a password that is easy to guess, and writes nothing', async () => {
      const email = newAddress();

      await expect(register(email, 'password123')).rejects.toBeInstanceOf(WeakPasswordError);
      await expect(register(email, `x${email}x`)).rejects.toMatchObject({ reason: 'contains-email' });
      expect(await host.run(() => host.get(UsersService).findByEmail(email))).toBeNull();
    });

    it('hashes as much for an address that is taken, and leaves its owner the password that they have', async () => {
      const { id, email } = await register();
      const hashing = jest.spyOn(host.get(PasswordHasher), 'hash');

      await expect(register(email, 'another four words')).rejects.toMatchObject({ code: 'USERS_DUPLICATE_EMAIL' });
      expect(hashing).toHaveBeenCalledTimes(1);
      expect((await signIn(email)).id).toBe(id);
    });
  });

  describe('signIn', () => {
    it('records the login', async () => {
      const { id, email } = await register();
      host.clock.advance(SECOND_MS);
      await signIn(email);

      expect((await host.run(() => host.get(UsersService).getById(id))).lastLogin).toEqual(host.clock.now());
      expect(await newestEvent('users.signed-in')).toMatchObject({ targetId: id, actorUserId: id, details: { by: 'password' } });
    });

    it('refuses a wrong password, which is recorded for its person', async () => {
      const { id, email } = await register();
      await fail(email);

      expect(await newestEvent('users.sign-in-failed')).toMatchObject({ targetId: id, outcome: 'failure', details: { email } });
    });

    it('refuses an address that nobody has, which is recorded without it', async () => {
      const email = newAddress();
      await fail(email);

      expect(await newestEvent('users.sign-in-failed')).toMatchObject({ targetId: null, outcome: 'failure' });
      expect(await dump()).not.toContain(email);
    });

    it('refuses somebody who may not sign in any more as it refuses a wrong password', async () => {
      const { id, email } = await register();
      await signIn(email);
      await deactivate(id);

      const wrong = await signIn(email, WRONG).catch((error: unknown) => error);
      const right = await signIn(email).catch((error: unknown) => error);
      expect(right).toBeInstanceOf(InvalidCredentialsError);
      expect(right).toEqual(wrong);
    });

    it('verifies one hash, whoever it is about, so that the time tells nothing', async () => {
      const known = await register();
      const withoutPassword = await host.newUser();
      const deactivated = await register();
      await deactivate(deactivated.id);
      const numberFor = async (email: string, password: string) => {
        verify.mockClear();
        await signIn(email, password).catch(() => undefined);
        return verify.mock.calls.length;
      };

      expect(await numberFor(known.email, PASSWORD)).toBe(1);
      expect(await numberFor(known.email, WRONG)).toBe(1);
      expect(await numberFor(known.email, 'x'.repeat(10_000))).toBe(1);
      expect(await numberFor(newAddress(), PASSWORD)).toBe(1);
      expect(await numberFor(withoutPassword.email, PASSWORD)).toBe(1);
      expect(await numberFor(deactivated.email, PASSWORD)).toBe(1);
    });

    it('keeps another hash once the parameters have changed', async () => {
      const former = await hash(PASSWORD, { memoryCost: 16, timeCost: 2, parallelism: 1 });
      const { email } = await host.newUser({ passwordHash: former });
      const hashOf = () =>
        host.run(async () => (await host.get(UsersService).findByEmailWithPasswordHash(email))?.passwordHash ?? '');

      await fail(email);
      expect(await hashOf()).toBe(former);
      await signIn(email);
      const current = await hashOf();
      expect(current).toContain('m=8,t=1,p=1');
      await signIn(email);
      expect(await hashOf()).toBe(current);
    });

    it('looks at no password in a transaction, which would forget that it was wrong', async () => {
      const { email } = await register();
      const within = host.run(() => host.hostDatabase.transactional(() => sut.signIn({ email, password: PASSWORD })));

      await expect(within).rejects.toBeInstanceOf(PasswordInTransactionError);
      expect(verify).not.toHaveBeenCalled();
    });
  });

  describe('the pause after wrong passwords', () => {
    const blockedFor = async (email: string, password = PASSWORD): Promise<number> => {
      const error: unknown = await signIn(email, password).catch((thrown: unknown) => thrown);
      return error instanceof TooManyAttemptsError ? error.retryAfterMs : 0;
    };

    it.each(['of somebody', 'of nobody'])(
      'begins with the fifth for an address %s, and doubles up to a quarter of an hour',
      async (whose) => {
        const email = newAddress();
        if (whose === 'of somebody') await register(email);
        await fail(email, 5);
        const pauses: number[] = [];
        for (let time = 0; time < 12; time++) {
          verify.mockClear();
          const pause = await blockedFor(email);
          expect(verify).not.toHaveBeenCalled();
          pauses.push(pause);
          host.clock.advance(pause - 1);
          expect(await blockedFor(email)).toBe(1);
          host.clock.advance(1);
          await fail(email);
        }

        expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900].map((seconds) => seconds * SECOND_MS));
      },
    );

    it('is recorded, and does not grow while it lasts', async () => {
      const { id, email } = await register();
      await fail(email, 5);
      for (let time = 0; time < 3; time++) expect(await blockedFor(email)).toBe(SECOND_MS);

      expect(await newestEvent('users.sign-in-blocked')).toMatchObject({ targetId: id, outcome: 'denied', details: { email } });
      host.clock.advance(SECOND_MS);
      expect((await signIn(email)).id).toBe(id);
    });

    it('is one for an address, whatever its case, and none for others', async () => {
      const email = newAddress();
      await register(email);
      const other = await register();
      await fail(email.toUpperCase(), 3);
      await fail(email, 2);

      expect(await blockedFor(email)).toBe(SECOND_MS);
      expect((await signIn(other.email)).id).toBe(other.id);
    });

    it('begins anew after the right password', async () => {
      const { email } = await register();
      await fail(email, 4);
      await signIn(email);
      await fail(email, 4);

      expect(await blockedFor(email)).toBe(0);
    });

    it('looks at no more passwords of many at once than of as many in a row', async () => {
      const { email } = await register();
      const attempts = await Promise.allSettled(Array.from({ length: 40 }, () => signIn(email, WRONG)));
      const codes = attempts.map((attempt) => (attempt.status === 'rejected' ? String(attempt.reason.code) : 'in'));

      expect(codes.filter((code) => code === 'USERS_INVALID_CREDENTIALS')).toHaveLength(5);
      expect(codes.filter((code) => code === 'USERS_TOO_MANY_ATTEMPTS')).toHaveLength(35);
      expect(verify).toHaveBeenCalledTimes(5);
    });

    it('is forgotten after a day without an attempt, and its row is removed, which keeps itself up while there are others', async () => {
      const email = newAddress();
      await fail(email, 4);
      const job = { status: 'scheduled', uniqueKey: 'all' };
      await expect(host.jobs.expectEnqueued('users.purge-expired', { count: 1 })).resolves.toMatchObject([job]);
      host.clock.advance(26 * HOUR_MS);
      const recent = newAddress();
      await fail(recent, 5);
      const expiresAt = { $lte: host.clock.now() };
      const countExpired = () => host.run(() => host.hostDatabase.em.count(PasswordBackoff, { expiresAt }));
      expect(await countExpired()).toBeGreaterThan(0);
      await host.runJobs();

      expect(await countExpired()).toBe(0);
      expect(await blockedFor(recent)).toBe(SECOND_MS);
      await expect(host.jobs.expectEnqueued('users.purge-expired', { count: 1 })).resolves.toMatchObject([job]);
      host.clock.advance(26 * HOUR_MS);
      await host.runJobs();
      expect(await host.jobs.enqueued('users.purge-expired')).toEqual([]);
    });

    it('begins anew after a day also where the row is still there', async () => {
      const email = newAddress();
      await fail(email, 4);
      host.clock.advance(DAY_MS + SECOND_MS);
      await fail(email, 4);

      // The fifth in a row since then.
      expect(await blockedFor(email, WRONG)).toBe(0);
      expect(await blockedFor(email)).toBe(SECOND_MS);
    });
  });

  describe('changePassword', () => {
    const NEW = 'another four words';
    const change = (userId: string, currentPassword = PASSWORD, newPassword = NEW) =>
      host.run(() => sut.changePassword({ userId, currentPassword, newPassword }));

    it('takes the one that the person has, and tells the rooms that end sessions', async () => {
      const { id, email } = await register();
      const told: UserPasswordChanged[] = [];
      host.get(UserEvents).onPasswordChanged(async (event) => void told.push(event));
      await change(id);

      expect(told).toEqual([{ userId: id, by: 'change' }]);
      expect(await newestEvent('users.password-changed')).toMatchObject({ targetId: id, outcome: 'success' });
      await fail(email);
      expect((await signIn(email, NEW)).id).toBe(id);
    });

    it('changes nothing where those who are told fail', async () => {
      const { id, email } = await register();
      const listeners = host.get(UserEvents);
      const emit = jest.spyOn(listeners, 'emitPasswordChanged').mockRejectedValueOnce(new Error('no'));

      await expect(change(id)).rejects.toThrow('no');
      expect(emit).toHaveBeenCalledTimes(1);
      expect((await signIn(email)).id).toBe(id);
    });

    it('refuses a wrong one, which is recorded, and counts as at sign-in', async () => {
      const { id, email } = await register();
      for (let time = 0; time < 5; time++) await expect(change(id, WRONG)).rejects.toBeInstanceOf(InvalidCredentialsError);
      expect(await newestEvent('users.password-change-refused')).toMatchObject({
        targetId: id,
        outcome: 'denied',
        details: { reason: 'wrong-password' },
      });

      await expect(change(id)).rejects.toBeInstanceOf(TooManyAttemptsError);
      expect(await newestEvent('users.password-change-refused')).toMatchObject({ details: { reason: 'blocked' } });
      await expect(signIn(email)).rejects.toBeInstanceOf(TooManyAttemptsError);
      host.clock.advance(SECOND_MS);
      expect((await signIn(email)).id).toBe(id);
    });

    it('refuses a new one that is easy to guess, however often, without a pause', async () => {
      const { id, email } = await register();
      for (let time = 0; time < 6; time++) {
        await expect(change(id, PASSWORD, 'password123')).rejects.toMatchObject({ reason: 'common' });
      }

      expect((await signIn(email)).id).toBe(id);
    });

    it('of two at once lets one win', async () => {
      const { id } = await register();
      const outcomes = await Promise.allSettled([
        change(id, PASSWORD, 'the first of two'),
        change(id, PASSWORD, 'the second of two'),
      ]);

      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    });

    it('refuses somebody without a password, and an id that nobody has', async () => {
      const { id } = await host.newUser();

      await expect(change(id)).rejects.toBeInstanceOf(InvalidCredentialsError);
      await expect(change(genId())).rejects.toMatchObject({ code: 'USERS_NOT_FOUND' });
    });
  });
});
