import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import type { HostAuditLog } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import {
  EmailVerification,
  type GlobalUser,
  InvalidUserTokenError,
  PasswordHasher,
  PasswordReset,
  PasswordSignIn,
  UserEvents,
  UserIdentities,
  type UserPasswordChanged,
  UsersService,
} from 'nestjs-host-database/users';
import { SqlConversation } from '../support/sql-conversation.js';
import { dumpTables } from '../support/table-dump.js';

const PASSWORD = 'four words of mine';
const NEW = 'another four words';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

describe.each(['sqlite', 'postgresql'] as const)('what is proved by a mailbox, on %s', (database) => {
  let host: TestHost;
  let users: UsersService;
  let passwords: PasswordSignIn;
  let verification: EmailVerification;
  let reset: PasswordReset;
  let identities: UserIdentities;
  const conversation = new SqlConversation();

  beforeAll(async () => {
    host = await createTestHost({
      database,
      options: { users: { passwords: { argon2: { memoryKib: 8, passes: 1 } } } },
      mikroOrm: conversation.mikroOrm,
    });
    users = host.get(UsersService);
    passwords = host.get(PasswordSignIn);
    verification = host.get(EmailVerification);
    reset = host.get(PasswordReset);
    identities = host.get(UserIdentities);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await host.close();
  });

  const newAddress = () => `${genId()}@example.com`;
  const register = (email = newAddress()) => host.run(() => passwords.register({ email, password: PASSWORD }));
  const get = (id: string) => host.run(() => users.getById(id));
  const signIn = (email: string, password: string) => host.run(() => passwords.signIn({ email, password }));
  const newestEvent = (eventType: string): Promise<HostAuditLog | null> =>
    host.run(() => host.hostDatabase.auditLogs.findOne({ eventType }, { orderBy: { id: 'desc' } }));
  const dump = () => host.run(() => dumpTables(host.hostDatabase.em, database));

  /** Asks for a mail and returns its token. */
  const verifyToken = async ({ id, email }: GlobalUser): Promise<string> => {
    await host.run(() => verification.request(id));
    await host.runJobs();
    return host.mailer.lastTo(email, 'verify-email').data.token;
  };
  const changeToken = async (id: string, email: string): Promise<string> => {
    await host.run(() => users.changeEmail(id, email));
    await host.runJobs();
    return host.mailer.lastTo(email, 'verify-email').data.token;
  };
  const resetToken = async (email: string): Promise<string> => {
    await host.run(() => reset.request(email));
    await host.runJobs();
    return host.mailer.lastTo(email, 'reset-password').data.token;
  };
  const confirmEmail = (token: string) => host.run(() => verification.confirm(token));
  const confirmReset = (token: string, newPassword = NEW) => host.run(() => reset.confirm({ token, newPassword }));

  /** Why an attempt was refused: the log says it, and nothing else. */
  const refusalOf = async (attempt: Promise<unknown>): Promise<unknown> => {
    await expect(attempt).rejects.toBeInstanceOf(InvalidUserTokenError);
    const event = await newestEvent('users.mail-token-refused');
    expect(event).toMatchObject({ outcome: 'denied' });
    return (event?.details as { reason?: unknown } | undefined)?.reason;
  };

  describe(EmailVerification.name, () => {
    it('verifies an address by the token that was sent to it', async () => {
      const user = await register();
      const token = await verifyToken(user);
      expect(host.mailer.lastTo(user.email)).toMatchObject({
        template: 'verify-email',
        data: { expiresAt: new Date(host.clock.now().getTime() + DAY_MS) },
      });
      expect((await get(user.id)).emailVerifiedAt).toBeNull();
      host.clock.advance(HOUR_MS);

      expect((await confirmEmail(token)).id).toBe(user.id);
      expect((await get(user.id)).emailVerifiedAt).toEqual(host.clock.now());
      expect(await newestEvent('users.email-verified')).toMatchObject({ targetId: user.id, actorUserId: user.id });
    });

    it('takes a token once', async () => {
      const token = await verifyToken(await register());
      await confirmEmail(token);

      expect(await refusalOf(confirmEmail(token))).toBe('used');
    });

    it.each(['', 'made up', undefined, 42, {}])('refuses %p', async (token) => {
      expect(await refusalOf(confirmEmail(token as string))).toBe('unknown');
    });

    it('refuses a token whose time is over', async () => {
      const [late, timely] = [await register(), await register()];
      const tokens = [await verifyToken(late), await verifyToken(timely)] as const;
      host.clock.advance(DAY_MS - 1);
      await confirmEmail(tokens[1]);
      host.clock.advance(1);

      expect(await refusalOf(confirmEmail(tokens[0]))).toBe('expired');
      expect((await get(late.id)).emailVerifiedAt).toBeNull();
    });

    it('refuses the former token once another one was asked for', async () => {
      const user = await register();
      const former = await verifyToken(user);
      const token = await verifyToken(user);

      expect(await refusalOf(confirmEmail(former))).toBe('used');
      expect((await confirmEmail(token)).id).toBe(user.id);
    });

    it('sends nothing to somebody whose address is verified', async () => {
      const user = await register();
      await confirmEmail(await verifyToken(user));
      const before = host.mailer.mails.length;
      await host.run(() => verification.request(user.id));
      await host.runJobs();

      expect(host.mailer.mails).toHaveLength(before);
    });

    it('sends nothing where the transaction in which it was asked for is rolled back', async () => {
      const user = await register();
      const work = host.run(() =>
        host.hostDatabase.transactional(async () => {
          await verification.request(user.id);
          throw new Error('no');
        }),
      );

      await expect(work).rejects.toThrow('no');
      expect(await host.jobs.enqueued('users.mail-token')).toEqual([]);
    });

    it('refuses a token that was sent to an address that the person has no more', async () => {
      const user = await register();
      const token = await verifyToken(user);
      await host.run(async () => {
        (await users.getById(user.id)).email = newAddress();
      });

      expect(await refusalOf(confirmEmail(token))).toBe('email-changed');
      expect((await get(user.id)).emailVerifiedAt).toBeNull();
    });

    it('refuses a token of somebody who may not sign in', async () => {
      const user = await register();
      const token = await verifyToken(user);
      await host.run(async () => {
        (await users.getById(user.id)).deactivatedAt = host.clock.now();
      });

      expect(await refusalOf(confirmEmail(token))).toBe('deactivated');
    });

    it('refuses an id that nobody has', async () => {
      await expect(host.run(() => verification.request(genId()))).rejects.toMatchObject({ code: 'USERS_NOT_FOUND' });
    });
  });

  describe('changeEmail', () => {
    it('takes effect with the token that was sent to the new address, and not before', async () => {
      const user = await register();
      const email = newAddress();
      const token = await changeToken(user.id, email);
      expect(await get(user.id)).toMatchObject({ email: user.email });

      await confirmEmail(token);
      expect(await get(user.id)).toMatchObject({ email, emailVerifiedAt: host.clock.now() });
      expect(await newestEvent('users.email-changed')).toMatchObject({
        targetId: user.id,
        details: { before: user.email, after: email },
      });
      expect((await signIn(email, PASSWORD)).id).toBe(user.id);
    });

    it('leaves nothing that was sent to the former address of any use', async () => {
      const user = await register();
      const [verify, mailed] = [await verifyToken(user), await resetToken(user.email)];
      await confirmEmail(await changeToken(user.id, newAddress()));

      expect(await refusalOf(confirmEmail(verify))).toBe('used');
      expect(await refusalOf(confirmReset(mailed))).toBe('used');
    });

    it('counts the address that was asked for last', async () => {
      const user = await register();
      const [first, second] = [newAddress(), newAddress()];
      const former = await changeToken(user.id, first);
      const token = await changeToken(user.id, second);

      expect(await refusalOf(confirmEmail(former))).toBe('used');
      expect((await confirmEmail(token)).email).toBe(second);
    });

    it('refuses an address that somebody has, also one who came to it first', async () => {
      const [user, other] = [await register(), await register()];
      await expect(host.run(() => users.changeEmail(user.id, other.email.toUpperCase()))).rejects.toMatchObject({
        code: 'USERS_DUPLICATE_EMAIL',
      });

      const email = newAddress();
      const token = await changeToken(user.id, email);
      await register(email);
      await expect(confirmEmail(token)).rejects.toMatchObject({ code: 'USERS_DUPLICATE_EMAIL' });
      expect(await get(user.id)).toMatchObject({ email: user.email });
    });

    it('sends nothing to the address that the person has', async () => {
      const user = await register();
      await host.run(() => users.changeEmail(user.id, user.email));

      expect(await host.jobs.enqueued('users.mail-token')).toEqual([]);
    });
  });

  describe('an address that is written in place of another', () => {
    const write = (id: string, facts: Partial<Pick<GlobalUser, 'email' | 'emailVerifiedAt' | 'lastLogin'>>) =>
      host.run(async () => void Object.assign(await users.getById(id), facts));
    const verified = async () => {
      const user = await register();
      await confirmEmail(await verifyToken(user));
      return user;
    };

    it('is not verified', async () => {
      const { id } = await verified();
      await write(id, { lastLogin: host.clock.now() });
      expect((await get(id)).emailVerifiedAt).not.toBeNull();
      await write(id, { email: newAddress() });

      expect((await get(id)).emailVerifiedAt).toBeNull();
    });

    it('is, where that is said in the same breath', async () => {
      const { id } = await verified();
      host.clock.advance(MINUTE_MS);
      await write(id, { email: newAddress(), emailVerifiedAt: host.clock.now() });

      expect((await get(id)).emailVerifiedAt).toEqual(host.clock.now());
    });
  });

  describe(PasswordReset.name, () => {
    it('gives the person of a mailbox another password, verifies the address and tells the rooms that end sessions', async () => {
      const user = await register();
      const told: UserPasswordChanged[] = [];
      host.get(UserEvents).onPasswordChanged(async (event) => void told.push(event));
      await host.run(() => reset.request(user.email.toUpperCase()));
      await host.runJobs();
      await confirmReset(host.mailer.lastTo(user.email, 'reset-password').data.token);

      expect(told).toEqual([{ userId: user.id, by: 'reset' }]);
      expect((await get(user.id)).emailVerifiedAt).toEqual(host.clock.now());
      expect(await newestEvent('users.password-reset')).toMatchObject({ targetId: user.id, actorUserId: user.id });
      await expect(signIn(user.email, PASSWORD)).rejects.toMatchObject({ code: 'USERS_INVALID_CREDENTIALS' });
      expect((await signIn(user.email, NEW)).id).toBe(user.id);
    });

    it('gives a first password to somebody who has none', async () => {
      const user = await host.newUser();
      await confirmReset(await resetToken(user.email));

      expect((await signIn(user.email, NEW)).id).toBe(user.id);
    });

    it('is the way out of a pause', async () => {
      const user = await register();
      for (let time = 0; time < 5; time++) await signIn(user.email, 'not the password').catch(() => undefined);
      await expect(signIn(user.email, PASSWORD)).rejects.toMatchObject({ code: 'USERS_TOO_MANY_ATTEMPTS' });
      await confirmReset(await resetToken(user.email));

      expect((await signIn(user.email, NEW)).id).toBe(user.id);
    });

    it('answers the same, and says the same to the database, whether or not somebody has the address', async () => {
      const user = await register();
      const conversationOf = async (email: string) => {
        conversation.begin();
        const answer = await host.run(() => reset.request(email));
        return { answer, said: conversation.said };
      };
      const known = await conversationOf(user.email);
      const unknown = await conversationOf(newAddress());

      expect(unknown).toEqual(known);
      expect(known.said).toEqual(expect.arrayContaining(['select core_users', 'insert sys_jobs', 'insert sys_audit_logs']));
      const before = host.mailer.mails.length;
      await host.runJobs();
      expect(host.mailer.mails.slice(before).map(({ to }) => to)).toEqual([user.email]);
    });

    it('keeps no address that nobody has', async () => {
      const email = newAddress();
      await host.run(() => reset.request(email));
      expect(await newestEvent('users.password-reset-requested')).toMatchObject({ targetId: null, outcome: 'failure' });

      expect(await dump()).not.toContain(email);
    });

    it('sends nothing to somebody who may not sign in', async () => {
      const user = await register();
      await host.run(async () => {
        (await users.getById(user.id)).deactivatedAt = host.clock.now();
      });
      const before = host.mailer.mails.length;
      await host.run(() => reset.request(user.email));
      await host.runJobs();

      expect(host.mailer.mails).toHaveLength(before);
    });

    it('takes a token once, of twenty at once', async () => {
      const user = await register();
      const token = await resetToken(user.email);
      const attempts = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => confirmReset(token, `the words of number ${index}`)),
      );
      const winners = attempts.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));

      expect(winners).toHaveLength(1);
      expect((await signIn(user.email, `the words of number ${winners[0]}`)).id).toBe(user.id);
      expect(await refusalOf(confirmReset(token))).toBe('used');
    });

    it('refuses a token whose time is over, before it hashes a password', async () => {
      const [late, timely] = [await register(), await register()];
      const tokens = [await resetToken(late.email), await resetToken(timely.email)] as const;
      const hashing = jest.spyOn(host.get(PasswordHasher), 'hash');
      host.clock.advance(HOUR_MS - 1);
      await confirmReset(tokens[1]);
      expect(hashing).toHaveBeenCalledTimes(1);
      host.clock.advance(1);

      expect(await refusalOf(confirmReset(tokens[0]))).toBe('expired');
      expect(hashing).toHaveBeenCalledTimes(1);
      expect((await signIn(late.email, PASSWORD)).id).toBe(late.id);
    });

    it('refuses a token that is for something else, and so does verification', async () => {
      const user = await register();
      const [verify, mailed] = [await verifyToken(user), await resetToken(user.email)];

      expect(await refusalOf(confirmReset(verify))).toBe('other-purpose');
      expect(await refusalOf(confirmEmail(mailed))).toBe('other-purpose');
      expect((await confirmEmail(verify)).id).toBe(user.id);
      expect((await confirmReset(mailed)).id).toBe(user.id);
      const another = await changeToken(user.id, newAddress());
      expect(await refusalOf(confirmReset(another))).toBe('other-purpose');
    });

    it('refuses a token that was sent to an address that the person has no more', async () => {
      const user = await register();
      const token = await resetToken(user.email);
      await host.run(async () => {
        (await users.getById(user.id)).email = newAddress();
      });

      expect(await refusalOf(confirmReset(token))).toBe('email-changed');
    });

    it('does not spend a token on a password that is refused', async () => {
      const user = await register();
      const token = await resetToken(user.email);

      await expect(confirmReset(token, 'password123')).rejects.toMatchObject({ code: 'USERS_WEAK_PASSWORD' });
      await expect(confirmReset(token, `x${user.email}`)).rejects.toMatchObject({ reason: 'contains-email' });
      expect((await confirmReset(token)).id).toBe(user.id);
    });

    it('does not spend a token where those who are told fail', async () => {
      const user = await register();
      const token = await resetToken(user.email);
      jest.spyOn(host.get(UserEvents), 'emitPasswordChanged').mockRejectedValueOnce(new Error('no'));

      await expect(confirmReset(token)).rejects.toThrow('no');
      expect((await signIn(user.email, PASSWORD)).id).toBe(user.id);
      expect((await confirmReset(token)).id).toBe(user.id);
    });

    it('makes the former token worthless once another one was mailed, and all of them once the password was changed', async () => {
      const user = await register();
      const former = await resetToken(user.email);
      const token = await resetToken(user.email);
      expect(await refusalOf(confirmReset(former))).toBe('used');

      await host.run(() => passwords.changePassword({ userId: user.id, currentPassword: PASSWORD, newPassword: NEW }));
      expect(await refusalOf(confirmReset(token, PASSWORD))).toBe('used');
    });

    it('takes from the account what somebody has linked who had not shown that the address is theirs', async () => {
      const email = newAddress();
      const thief = { provider: 'https://issuer.example', subject: genId(), email, emailVerified: false };
      const own = { ...thief, subject: genId(), emailVerified: true };
      const { user } = await host.run(() => identities.signIn(thief));
      await confirmReset(await resetToken(email));

      expect(await host.run(() => identities.list(user.id))).toEqual([]);
      await expect(host.run(() => identities.signIn(thief))).rejects.toMatchObject({ code: 'USERS_IDENTITY_LINK_REQUIRED' });
      // The control: what is linked to an address that is known to be the person's stays.
      expect((await host.run(() => identities.signIn(own))).user.id).toBe(user.id);
      await confirmReset(await resetToken(email), PASSWORD);
      expect(await host.run(() => identities.list(user.id))).toMatchObject([{ subject: own.subject }]);
    });

    it('leaves an address that somebody else had asked for of no use', async () => {
      const user = await register();
      const thief = await changeToken(user.id, newAddress());
      await confirmReset(await resetToken(user.email));

      expect(await refusalOf(confirmEmail(thief))).toBe('used');
      expect((await get(user.id)).email).toBe(user.email);
      // The control: who asks for it now gets it.
      const address = newAddress();
      expect(await confirmEmail(await changeToken(user.id, address))).toMatchObject({ id: user.id, email: address });
    });
  });
});
