import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContextService, genId, InvalidInputError } from 'nestjs-host-database';
import {
  Session,
  SessionActivity,
  SessionAuthenticator,
  SessionNotFoundError,
  SessionsService,
} from 'nestjs-host-database/access';
import { AuditService } from 'nestjs-host-database/audit';
import { JobSchedulesService, JobsService } from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { GlobalUser, UserEvents, UserNotFoundError, UserPasswordChanged, UsersService } from 'nestjs-host-database/users';
import { dumpTables } from '../support/table-dump.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe.each(['sqlite', 'postgresql'] as const)(`${SessionsService.name} on %s`, (database) => {
  let host: TestHost;
  let sut: SessionsService;
  let authenticator: SessionAuthenticator;

  beforeAll(async () => {
    host = await createTestHost({ database, options: { access: { sessions: { idleDays: 1, absoluteDays: 3 } } } });
    sut = host.get(SessionsService);
    authenticator = host.get(SessionAuthenticator);
  });
  afterAll(async () => {
    await host.close();
  });

  const open = async (userId: string) => host.run(() => sut.open({ userId, transport: 'bearer' }));
  const enter = async (token: string) => {
    const principal = await authenticator.authenticate({ method: 'GET', headers: { authorization: `Bearer ${token}` } });
    await host.get(SessionActivity).settled();
    return principal;
  };
  const eventsOf = async (userId: string, eventType: string) => {
    const rows = await host.run(() => host.get(AuditService).findByTarget(userId));
    return rows.filter((row) => row.eventType === eventType);
  };
  const change = (userId: string, facts: Partial<GlobalUser>) =>
    host.run(async () => void Object.assign(await host.get(UsersService).getById(userId), facts));

  describe('open', () => {
    it('lets in who has the secret, and keeps where they are', async () => {
      const { id: userId } = await host.newUser();
      const facts = { ipAddress: '2001:db8::7', userAgent: 'Firefox' };
      const { session, token } = await host.get(ContextService).run(facts, () => open(userId));
      expect(token).toMatch(/^[\w-]{43}$/);
      expect(await enter(token)).toEqual({ userId, sessionId: session.id, expiresAt: session.expiresAt });
      expect(await host.run(() => sut.list(userId))).toMatchObject([{ id: session.id, transport: 'bearer', ...facts }]);
      expect(await eventsOf(userId, 'access.session-opened')).toMatchObject([
        { tenantId: null, details: { sessionId: session.id, transport: 'bearer' } },
      ]);
    });

    it('gives each its own secret', async () => {
      const { id: userId } = await host.newUser();
      const tokens = await Promise.all(Array.from({ length: 20 }, async () => (await open(userId)).token));
      expect(new Set(tokens).size).toBe(20);
    });

    it('keeps no secret in clear, in any table', async () => {
      const { id: userId } = await host.newUser();
      const { session, token } = await open(userId);
      const dump = await host.run(() => dumpTables(host.hostDatabase.em, database));
      expect(dump).toContain(session.tokenHash);
      expect(dump).not.toContain(token);
      expect(JSON.stringify(session)).not.toContain(session.tokenHash);
    });

    it('refuses who does not exist, is deactivated, and what is no transport', async () => {
      await expect(open(genId())).rejects.toBeInstanceOf(UserNotFoundError);
      const { id: userId } = await host.newUser();
      const odd = host.run(() => sut.open({ userId, transport: 'query' as 'bearer' }));
      await expect(odd).rejects.toBeInstanceOf(InvalidInputError);
      await change(userId, { deactivatedAt: host.clock.now() });
      await expect(open(userId)).rejects.toMatchObject({ code: 'ACCESS_SESSION_REFUSED', problem: 'user-deactivated' });
    });

    it("is nothing where the caller's transaction is rolled back", async () => {
      const { id: userId } = await host.newUser();
      let token = '';
      const work = host.run(() =>
        host.hostDatabase.transactional(async () => {
          ({ token } = await sut.open({ userId, transport: 'bearer' }));
          throw new Error('no');
        }),
      );
      await expect(work).rejects.toThrow('no');
      await expect(enter(token)).rejects.toMatchObject({ problem: 'unknown' });
    });
  });

  describe('expiry', () => {
    it('ends a session that is not used, to the millisecond', async () => {
      const { id: userId } = await host.newUser();
      const [used, unused] = [await open(userId), await open(userId)];
      host.clock.advance(DAY_MS - 1);
      expect(await enter(used.token)).toMatchObject({ userId });
      host.clock.advance(1);
      expect(await enter(used.token)).toMatchObject({ userId });
      await expect(enter(unused.token)).rejects.toMatchObject({ problem: 'idle' });
      host.clock.advance(DAY_MS - 2);
      expect(await enter(used.token)).toMatchObject({ userId });
      expect(await host.run(() => sut.list(userId))).toMatchObject([{ id: used.session.id }]);
    });

    it('ends one in any case, to the millisecond', async () => {
      const { id: userId } = await host.newUser();
      const { session, token } = await open(userId);
      for (let hour = 0; hour < 71; hour++) {
        host.clock.advance(60 * MINUTE_MS);
        expect(await enter(token)).toMatchObject({ userId, expiresAt: session.expiresAt });
      }
      host.clock.advance(60 * MINUTE_MS - 1);
      expect(await enter(token)).toMatchObject({ userId });
      host.clock.advance(1);
      await expect(enter(token)).rejects.toMatchObject({ problem: 'expired' });
    });

    it('writes that a session was used once a minute, and not in the transaction of the request', async () => {
      const { id: userId } = await host.newUser();
      const { session, token } = await open(userId);
      const lastSeenAt = () =>
        host.run(async () => (await host.hostDatabase.em.findOneOrFail(Session, session.id)).lastSeenAt.getTime());
      const openedAt = await lastSeenAt();
      host.clock.advance(MINUTE_MS - 1);
      await enter(token);
      expect(await lastSeenAt()).toBe(openedAt);
      host.clock.advance(1);
      const request = host.run(async () => {
        await enter(token);
        throw new Error('the request fails');
      });
      await expect(request).rejects.toThrow('the request fails');
      expect(await lastSeenAt()).toBe(openedAt + MINUTE_MS);
    });
  });

  describe('the end of sessions', () => {
    const three = async () => {
      const { id: userId } = await host.newUser();
      const sessions = [await open(userId), await open(userId), await open(userId)] as const;
      return { userId, sessions };
    };
    const problems = async (sessions: readonly { readonly token: string }[]) => {
      const ask = async ({ token }: { readonly token: string }) =>
        enter(token).then(
          () => 'in',
          ({ problem }: { readonly problem: string }) => problem,
        );
      return [await ask(sessions[0]!), await ask(sessions[1]!), await ask(sessions[2]!)];
    };

    it('ends one, which is refused and recorded', async () => {
      const { userId, sessions } = await three();
      await host.run(() => sut.revoke({ userId, sessionId: sessions[0].session.id }));
      expect(await problems(sessions)).toEqual(['revoked', 'in', 'in']);
      expect(await eventsOf(userId, 'access.sessions-ended')).toMatchObject([
        { details: { reason: 'revoked', sessionIds: [sessions[0].session.id] } },
      ]);
      expect(await eventsOf(userId, 'access.session-refused')).toMatchObject([
        { outcome: 'denied', details: { problem: 'revoked', sessionId: sessions[0].session.id } },
      ]);
    });

    it("refuses to end somebody else's, and one that is over", async () => {
      const { userId, sessions } = await three();
      const stranger = await host.newUser();
      const sessionId = sessions[0].session.id;
      const revoke = (by: string) => host.run(() => sut.revoke({ userId: by, sessionId }));
      await expect(revoke(stranger.id)).rejects.toBeInstanceOf(SessionNotFoundError);
      expect(await problems(sessions)).toEqual(['in', 'in', 'in']);
      await revoke(userId);
      await expect(revoke(userId)).rejects.toBeInstanceOf(SessionNotFoundError);
    });

    it('ends all others', async () => {
      const { userId, sessions } = await three();
      const bystander = await three();
      expect(await host.run(() => sut.revokeOthers({ userId, sessionId: sessions[1].session.id }))).toBe(2);
      expect(await problems(sessions)).toEqual(['revoked', 'in', 'revoked']);
      expect(await problems(bystander.sessions)).toEqual(['in', 'in', 'in']);
    });

    it('ends all, once', async () => {
      const { userId, sessions } = await three();
      expect(await host.run(() => sut.revokeAll(userId))).toBe(3);
      expect(await host.run(() => sut.revokeAll(userId))).toBe(0);
      expect(await problems(sessions)).toEqual(['revoked', 'revoked', 'revoked']);
      expect(await eventsOf(userId, 'access.sessions-ended')).toHaveLength(1);
    });

    it('ends none where it is rolled back', async () => {
      const { userId, sessions } = await three();
      const work = host.run(() =>
        host.hostDatabase.transactional(async () => {
          await sut.revokeAll(userId);
          throw new Error('no');
        }),
      );
      await expect(work).rejects.toThrow('no');
      expect(await problems(sessions)).toEqual(['in', 'in', 'in']);
    });

    it('ends all when the password is changed', async () => {
      const { userId, sessions } = await three();
      await host.run(() =>
        host.hostDatabase.transactional(() =>
          host.get(UserEvents).emitPasswordChanged(new UserPasswordChanged(userId, 'change')),
        ),
      );
      expect(await problems(sessions)).toEqual(['revoked', 'revoked', 'revoked']);
      expect(await eventsOf(userId, 'access.sessions-ended')).toMatchObject([{ details: { reason: 'password-changed' } }]);
    });

    it('refuses the sessions of who is deactivated, however that came', async () => {
      const { userId, sessions } = await three();
      await change(userId, { deactivatedAt: host.clock.now() });
      expect(await problems(sessions)).toEqual(['user-deactivated', 'user-deactivated', 'user-deactivated']);
      await host.run(() => host.get(UserEvents).emitDeactivated({ userId }));
      await change(userId, { deactivatedAt: null });
      expect(await problems(sessions)).toEqual(['revoked', 'revoked', 'revoked']);
    });

    it('removes the sessions of who is removed', async () => {
      const { userId, sessions } = await three();
      await host.run(async (): Promise<void> => {
        await host.hostDatabase.transactional(async (em) => {
          await host.get(UserEvents).emitDeleting({ userId });
          em.remove(await host.get(UsersService).getById(userId));
        });
      });
      expect(await problems(sessions)).toEqual(['unknown', 'unknown', 'unknown']);
      expect(await eventsOf(userId, 'access.sessions-ended')).toMatchObject([{ details: { reason: 'user-deleted' } }]);
    });
  });

  describe('what is refused', () => {
    it('records it once a minute, and no more often for one who guesses', async () => {
      const refusals = async () => {
        const rows = await host.run(() =>
          host.hostDatabase.em.execute<{ n: number | string }[]>(
            `select count(*) as n from sys_audit_logs where event_type = 'access.session-refused' and target_id is null`,
          ),
        );
        return Number(rows[0]?.n);
      };
      const guess = () => enter('A'.repeat(43)).catch(({ problem }: { readonly problem: string }) => problem);
      host.clock.advance(MINUTE_MS);
      const before = await refusals();
      for (let count = 0; count < 5; count++) expect(await guess()).toBe('unknown');
      expect(await refusals()).toBe(before + 1);
      host.clock.advance(MINUTE_MS);
      await guess();
      expect(await refusals()).toBe(before + 2);
    });

    it('leaves to others what is no session', async () => {
      const headers = [
        {},
        { authorization: 'Basic YTpi' },
        { authorization: 'Bearer a.b.c' },
        { authorization: 'Bearer short' },
        { authorization: 'Bearer' },
        { cookie: 'other=1' },
        { cookie: '__Host-session=short' },
      ];
      for (const each of headers) expect(await authenticator.authenticate({ method: 'GET', headers: each })).toBeUndefined();
    });

    it('refuses a bearer in a cookie, where other sites could use it', async () => {
      const { id: userId } = await host.newUser();
      const { token } = await open(userId);
      const asCookie = authenticator.authenticate({ method: 'GET', headers: { cookie: `__Host-session=${token}` } });
      await expect(asCookie).rejects.toMatchObject({ problem: 'transport' });
      expect(await enter(token)).toMatchObject({ userId });
    });
  });

  describe('removal', () => {
    it('removes what has ended a day before, and nothing else', async () => {
      const { id: userId } = await host.newUser();
      const [revoked, lasting] = [await open(userId), await open(userId)];
      const removable = () => host.run(() => host.hostDatabase.em.find(Session, { user: userId }, { fields: ['id'] }));
      await host.run(() => sut.revoke({ userId, sessionId: revoked.session.id }));
      host.clock.advance(DAY_MS);
      await host.run(() => host.get(SessionActivity).settled());
      await runRemoval();
      expect(await removable()).toHaveLength(2);
      host.clock.advance(1);
      await runRemoval();
      expect(await removable()).toMatchObject([{ id: lasting.session.id }]);
      host.clock.advance(3 * DAY_MS);
      await runRemoval();
      expect(await removable()).toEqual([]);
    });

    it('is due every hour', async () => {
      const schedule = await host.run(() => host.get(JobSchedulesService).getByName('access.remove-sessions'));
      expect(schedule).toMatchObject({ cron: '17 * * * *', isActive: true });
    });

    async function runRemoval(): Promise<void> {
      await host.run(() => host.get(JobsService).enqueue('access.remove-sessions', null));
      await host.runJobs();
    }
  });
});
