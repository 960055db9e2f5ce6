import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import {
  AlreadyRegisteredNotice,
  EmailVerification,
  InvalidUserTokenError,
  PasswordReset,
  PasswordSignIn,
  UsersService,
  UserToken,
} from 'nestjs-host-database/users';
import { dumpTables } from '../support/table-dump.js';

const PASSWORD = 'four words of mine';
const NEW = 'another four words';
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe.each(['sqlite', 'postgresql'] as const)('mails to people on %s', (database) => {
  let host: TestHost;
  let verification: EmailVerification;
  let reset: PasswordReset;

  beforeAll(async () => {
    host = await createTestHost({ database, options: { users: { passwords: { argon2: { memoryKib: 8, passes: 1 } } } } });
    verification = host.get(EmailVerification);
    reset = host.get(PasswordReset);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await host.close();
  });

  const newAddress = () => `${genId()}@example.com`;
  const register = () => host.run(() => host.get(PasswordSignIn).register({ email: newAddress(), password: PASSWORD }));
  const dump = () => host.run(() => dumpTables(host.hostDatabase.em, database));
  const confirmEmail = (token: string) => host.run(() => verification.confirm(token));

  describe('a mailed token', () => {
    it('is in no row of the database, nor is a password, before and after it was mailed and used', async () => {
      const user = await register();
      await host.run(() => reset.request(user.email));
      const dumps = [await dump()];
      await host.runJobs();
      const { token } = host.mailer.lastTo(user.email, 'reset-password').data;
      dumps.push(await dump());
      await host.run(() => reset.confirm({ token, newPassword: NEW }));
      dumps.push(await dump());

      for (const text of dumps) {
        for (const secret of [token, PASSWORD, NEW]) expect(text).not.toContain(secret);
        expect(text).toContain(user.email);
      }
    });

    it('is another one at the next try, when the mailer has failed, and in no error', async () => {
      const user = await register();
      const seen: string[] = [];
      const send = host.mailer.send.bind(host.mailer);
      jest.spyOn(host.mailer, 'send').mockImplementation(async (mail, options) => {
        if (mail.template !== 'verify-email') throw new Error('another mail');
        seen.push(mail.data.token);
        if (seen.length === 1) throw new Error(`450 try again: ${JSON.stringify(mail)}`);
        return send(mail, options);
      });
      await host.run(() => verification.request(user.id));
      await host.runJobs();
      const [failed] = await host.jobs.expectEnqueued('users.mail-token', { count: 1 });
      expect(failed).toMatchObject({ status: 'scheduled', errorLog: expect.stringContaining('verify-email') });
      expect(await dump()).not.toContain(seen[0]);

      host.clock.advance(MINUTE_MS);
      await host.runJobs();
      expect(seen).toHaveLength(2);
      await expect(confirmEmail(seen[0]!)).rejects.toBeInstanceOf(InvalidUserTokenError);
      expect((await confirmEmail(seen[1]!)).id).toBe(user.id);
    });

    it('is not sent once it was replaced', async () => {
      const user = await register();
      const before = host.mailer.mails.length;
      await host.run(() => verification.request(user.id));
      await host.run(() => verification.request(user.id));
      await host.runJobs();

      expect(host.mailer.mails).toHaveLength(before + 1);
      expect((await confirmEmail(host.mailer.lastTo(user.email, 'verify-email').data.token)).id).toBe(user.id);
    });

    it('has an id of its own for each mail', () => {
      expect(new Set(host.mailer.mailIds).size).toBe(host.mailer.mails.length);
      expect(host.mailer.mails.length).toBeGreaterThan(1);
    });

    it('leaves its row for a week after its time, and no longer', async () => {
      const user = await register();
      await host.run(() => verification.request(user.id));
      await host.runJobs();
      const purge = async () => {
        await host.run(() => host.get(JobsService).enqueue('users.purge-expired', null));
        await host.runJobs();
        return host.run(() => host.hostDatabase.em.count(UserToken, { user: user.id }));
      };

      host.clock.advance(8 * DAY_MS - 1);
      expect(await purge()).toBe(1);
      host.clock.advance(1);
      expect(await purge()).toBe(0);
    });
  });

  describe(AlreadyRegisteredNotice.name, () => {
    const request = (email: string) => host.run(() => host.get(AlreadyRegisteredNotice).request(email));

    it('tells whoever has the address, once however often it is asked for meanwhile, and nobody else', async () => {
      const user = await register();
      const before = host.mailer.mails.length;
      await request(user.email.toUpperCase());
      await request(user.email);
      await request(newAddress());
      await host.runJobs();

      const triedAt = host.clock.now();
      expect(host.mailer.mails.slice(before)).toEqual([{ to: user.email, template: 'already-registered', data: { triedAt } }]);
    });
  });
});

describe('without a mailer', () => {
  let host: TestHost;

  beforeAll(async () => {
    host = await createTestHost({ options: { users: { mailer: undefined } } });
  });
  afterAll(async () => {
    await host.close();
  });

  it('refuses what would send mail, the same for an address that nobody has', async () => {
    const { id, email } = await host.newUser();
    const refused = { code: 'USERS_MAILER_MISSING' };

    await expect(host.run(() => host.get(EmailVerification).request(id))).rejects.toMatchObject(refused);
    await expect(host.run(() => host.get(UsersService).changeEmail(id, 'other@example.com'))).rejects.toMatchObject(refused);
    await expect(host.run(() => host.get(PasswordReset).request(email))).rejects.toMatchObject(refused);
    await expect(host.run(() => host.get(PasswordReset).request('nobody@example.com'))).rejects.toMatchObject(refused);
    await expect(host.run(() => host.get(AlreadyRegisteredNotice).request(email))).rejects.toMatchObject(refused);
    expect(await host.runJobs()).toBe(0);
  });
});
