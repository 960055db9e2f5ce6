import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContextService, genId } from 'nestjs-host-database';
import { InvitationsService } from 'nestjs-host-database/memberships';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import {
  AlreadyRegisteredNotice,
  EmailVerification,
  MailCount,
  MailLimits,
  type MailTemplate,
  PasswordReset,
  PasswordSignIn,
  UsersService,
} from 'nestjs-host-database/users';
import { SqlConversation } from '../support/sql-conversation.js';
import { dumpTables } from '../support/table-dump.js';

const MAX = 3;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const PASSWORD = 'four words of mine';

describe.each(['sqlite', 'postgresql'] as const)(`${MailLimits.name} on %s`, (database) => {
  const sql = new SqlConversation();
  let host: TestHost;

  beforeAll(async () => {
    host = await createTestHost({
      database,
      mikroOrm: sql.mikroOrm,
      options: { users: { mail: { maxPerHour: MAX }, passwords: { argon2: { memoryKib: 8, passes: 1 } } } },
    });
  });
  afterAll(async () => {
    await host.close();
  });

  const newAddress = () => `${genId()}@example.com`;
  const register = () => host.run(() => host.get(PasswordSignIn).register({ email: newAddress(), password: PASSWORD }));
  const requestReset = (email: string) => host.run(() => host.get(PasswordReset).request(email));
  const sentTo = async (email: string, template: MailTemplate) => {
    await host.runJobs();
    return host.mailer.mails.filter((mail) => mail.to === email && mail.template === template).length;
  };
  const withheld = () => host.run(() => host.hostDatabase.auditLogs.count({ eventType: 'users.mail-withheld' }));

  it('sends an address so many of a kind within any hour, and none of another kind fewer', async () => {
    const { email, id } = await register();
    for (let time = 0; time < MAX; time++) {
      await requestReset(email);
      expect(await sentTo(email, 'reset-password')).toBe(time + 1);
      host.clock.advance(10 * MINUTE_MS);
    }
    const before = await withheld();
    await requestReset(email);
    expect(await sentTo(email, 'reset-password')).toBe(MAX);
    expect(await withheld()).toBe(before + 1);
    // Another kind is counted by itself.
    await host.run(() => host.get(EmailVerification).request(id));
    expect(await sentTo(email, 'verify-email')).toBe(1);
    // The first one is an hour old now, the second is not.
    host.clock.advance(HOUR_MS - MAX * 10 * MINUTE_MS);
    await requestReset(email);
    await requestReset(email);
    expect(await sentTo(email, 'reset-password')).toBe(MAX + 1);
  });

  it('leaves the token that was sent last of use, so that nobody can be kept from a reset by asking for many', async () => {
    const { email } = await register();
    for (let time = 0; time < 2 * MAX; time++) await requestReset(email).then(() => host.runJobs());
    const { token } = host.mailer.lastTo(email, 'reset-password').data;
    const reset = host.run(() => host.get(PasswordReset).confirm({ token, newPassword: 'another four words' }));
    await expect(reset).resolves.toMatchObject({ email });
  });

  it('is silent: what is asked for and answered is the same within the limit and above it', async () => {
    const { email, id } = await register();
    const conversationOf = async (work: () => Promise<unknown>) => {
      sql.begin();
      await expect(work()).resolves.toBeUndefined();
      return sql.said.map((statement) => statement.replaceAll(/'[^']*'/g, '?'));
    };
    const first = await conversationOf(() => requestReset(email));
    for (let time = 0; time < 2 * MAX; time++) await requestReset(email).then(() => host.runJobs());
    expect(await conversationOf(() => requestReset(email))).toEqual(first);
    for (let time = 0; time < 2 * MAX; time++) {
      await expect(host.run(() => host.get(EmailVerification).request(id))).resolves.toBeUndefined();
      await host.runJobs();
    }
    expect(await sentTo(email, 'verify-email')).toBe(MAX);
  });

  it('counts for an address that nobody has, and keeps no address', async () => {
    const stranger = newAddress();
    for (let time = 0; time < 2 * MAX; time++) await host.run(() => host.get(AlreadyRegisteredNotice).request(stranger));
    const late = await host.run(() => host.get(PasswordSignIn).register({ email: stranger, password: PASSWORD }));
    await host.run(() => host.get(AlreadyRegisteredNotice).request(late.email));
    expect(await sentTo(stranger, 'already-registered')).toBe(0);
    host.clock.advance(HOUR_MS);
    await host.run(() => host.get(AlreadyRegisteredNotice).request(late.email));
    expect(await sentTo(stranger, 'already-registered')).toBe(1);

    const nobody = newAddress();
    await host.run(() => host.get(AlreadyRegisteredNotice).request(nobody));
    expect(await host.run(() => dumpTables(host.hostDatabase.em, database))).not.toContain(nobody);
  });

  it('counts the new address of a change, and leaves the address that was asked for last the only one', async () => {
    const [first, second] = [newAddress(), newAddress()];
    const { id } = await register();
    const change = (userId: string, email: string) => host.run(() => host.get(UsersService).changeEmail(userId, email));
    for (let time = 0; time < MAX; time++) await change((await register()).id, second).then(() => host.runJobs());
    await change(id, first);
    await host.runJobs();
    const { token } = host.mailer.lastTo(first, 'verify-email').data;
    await change(id, second);
    expect(await sentTo(second, 'verify-email')).toBe(MAX);
    await expect(host.run(() => host.get(EmailVerification).confirm(token))).rejects.toMatchObject({
      code: 'USERS_TOKEN_INVALID',
    });
  });

  it('holds for invitations of all tenants together, which is not told to whoever invites', async () => {
    const email = newAddress();
    for (let count = 0; count < 2 * MAX; count++) {
      const { id: ownerId } = await host.newUser();
      const { id: tenantId } = await host.newTenant({ ownerId, provisioned: false });
      const invite = () => host.get(InvitationsService).create({ tenantId, email, role: 'member' });
      const sent = await host.get(ContextService).run({ actorUserId: ownerId }, () => host.run(invite));
      expect(sent).toMatchObject({ status: 'open', sendCount: 1 });
    }
    expect(await sentTo(email, 'invitation')).toBe(MAX);
  });

  it('holds where many ask at once', async () => {
    const email = newAddress();
    const take = () => host.run(() => host.get(MailLimits).take({ to: email, template: 'reset-password' }));
    const taken = await Promise.all(Array.from({ length: 20 }, take));
    expect(taken.filter(Boolean)).toHaveLength(MAX);
    const { askedAt } = await host.run(() =>
      host.hostDatabase.em.findOneOrFail(MailCount, { expiresAt: { $gt: host.clock.now() } }, { orderBy: { expiresAt: 'desc' } }),
    );
    expect(askedAt.length).toBeLessThanOrEqual(MAX);
  });

  it('forgets what is rolled back, and removes what says nothing any more', async () => {
    const email = newAddress();
    const limits = host.get(MailLimits);
    const take = () => limits.take({ to: email, template: 'reset-password' });
    const lost = host.run(() =>
      host.hostDatabase.transactional(async () => {
        for (let time = 0; time < MAX; time++) await take();
        throw new Error('roll back');
      }),
    );
    await expect(lost).rejects.toThrow('roll back');
    expect(await host.run(take)).toBe(true);

    host.clock.advance(HOUR_MS - 1);
    await host.run(() => limits.purge());
    const count = () => host.run(() => host.hostDatabase.em.count(MailCount));
    expect(await count()).toBeGreaterThan(0);
    host.clock.advance(1);
    await host.run(() => limits.purge());
    expect(await count()).toBe(0);
  });
});
