import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ContextService, genId, type HostContext, InvalidIdError, InvalidInputError } from 'nestjs-host-database';
import {
  type BegunImpersonation,
  CredentialCache,
  Impersonation,
  type ImpersonationProblem,
  ImpersonationRefusedError,
  ImpersonationService,
  NotAuthenticatedError,
  NotWhileImpersonatingError,
  SessionAuthenticator,
  SessionsService,
  TenantMessages,
} from 'nestjs-host-database/access';
import { AuditService, HostAuditLog } from 'nestjs-host-database/audit';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { type GlobalUser, UserEvents, UserNotFoundError, UsersService } from 'nestjs-host-database/users';

const MINUTE_MS = 60_000;
const REASON = 'Ticket 4711: the report is empty';

describe.each(['sqlite', 'postgresql'] as const)(`${ImpersonationService.name} on %s`, (database) => {
  let host: TestHost;
  let sut: ImpersonationService;
  let adminId: string;
  let userId: string;
  let tenantId: string;
  let otherTenantId: string;

  beforeAll(async () => {
    host = await createTestHost({ database, options: { access: { impersonation: { maxMinutes: 30 } } } });
    sut = host.get(ImpersonationService);
    tenantId = (await host.newTenant({ provisioned: false })).id;
    otherTenantId = (await host.newTenant({ provisioned: false })).id;
  });
  beforeEach(async () => {
    adminId = (await host.newUser()).id;
    userId = (await host.newUser()).id;
    await change(adminId, { isSysAdmin: true });
    await host.newMembership({ userId, tenantId });
    host.get(CredentialCache).rememberWhile(() => false);
  });
  afterAll(async () => {
    await host.close();
  });

  const change = (id: string, facts: Partial<GlobalUser>) =>
    host.run(async () => void Object.assign(await host.get(UsersService).getById(id), facts));
  const as = <T>(facts: HostContext, work: () => Promise<T>): Promise<T> =>
    host.get(ContextService).run(facts, () => host.run(work));
  const begin = (
    facts: Partial<Parameters<ImpersonationService['begin']>[0]> = {},
    context: HostContext = { actorUserId: adminId },
  ) => as(context, () => sut.begin({ userId, tenantId, reason: REASON, ...facts }));
  const enter = ({ token }: Pick<BegunImpersonation, 'token'>) =>
    host.get(SessionAuthenticator).authenticate({ method: 'GET', headers: { authorization: `Bearer ${token}` } });
  const over = { code: 'ACCESS_SESSION_REFUSED' };
  const rows = async (eventType: string) => {
    const found = await host.run(() => host.get(AuditService).findByTarget(userId));
    return found.filter((row) => row.eventType === eventType);
  };

  describe('begin', () => {
    it('opens a session as the user, in one tenant, for the time that the option says', async () => {
      const begun = await begin();
      const expiresAt = new Date(host.clock.now().getTime() + 30 * MINUTE_MS);
      expect(await enter(begun)).toEqual({
        userId,
        sessionId: begun.session.id,
        tenantId,
        impersonatorUserId: adminId,
        expiresAt,
      });
      expect(begun.session.transport).toBe('bearer');
      host.clock.advance(30 * MINUTE_MS - 1);
      expect(await enter(begun)).toMatchObject({ userId });
      host.clock.advance(1);
      await expect(enter(begun)).rejects.toMatchObject({ ...over, problem: 'impersonation-over' });
    });

    it('opens one for a cookie, and for less time, as asked', async () => {
      const { session } = await begin({ transport: 'cookie', minutes: 5 });
      expect(session).toMatchObject({ transport: 'cookie', expiresAt: new Date(host.clock.now().getTime() + 5 * MINUTE_MS) });
    });

    it("is recorded in the tenant's log with both persons, and listed for the tenant", async () => {
      const { impersonation } = await begin();
      const details = { impersonationId: impersonation.id, adminUserId: adminId, reason: REASON };
      expect(await rows('access.impersonation-started')).toMatchObject([{ tenantId, actorUserId: adminId, details }]);
      expect(await rows('access.session-opened')).toMatchObject([{ tenantId, details: { impersonationId: impersonation.id } }]);
      const listed = await host.run(() => sut.listForTenant(tenantId, { limit: 1 }));
      expect(listed).toMatchObject([{ id: impersonation.id, adminUserId: adminId, userId, reason: REASON }]);
      expect(await host.run(() => sut.listForTenant(otherTenantId))).toEqual([]);
    });

    interface Attempt {
      readonly facts?: { readonly userId?: string; readonly tenantId?: string };
      readonly context?: HostContext;
    }
    const refusals: readonly (readonly [ImpersonationProblem, string, () => Attempt | Promise<void>])[] = [
      ['not-an-administrator', 'a user', () => ({ context: { actorUserId: userId } })],
      ['not-an-administrator', 'an administrator who is deactivated', () => change(adminId, { deactivatedAt: new Date() })],
      ['impersonating', 'who acts as somebody else', () => ({ context: { actorUserId: adminId, impersonatorUserId: genId() } })],
      ['oneself', 'an administrator who would be themselves', () => ({ facts: { userId: adminId } })],
      ['target-is-administrator', 'who would be another administrator', () => change(userId, { isSysAdmin: true })],
      ['target-deactivated', 'who would be somebody deactivated', () => change(userId, { deactivatedAt: new Date() })],
      ['target-not-a-member', 'who names another tenant', () => ({ facts: { tenantId: otherTenantId } })],
      ['target-not-a-member', 'who names no tenant', () => ({ facts: { tenantId: genId() } })],
      [
        'target-not-a-member',
        'who names a tenant that the user has left',
        async () => void (await host.run(() => host.get(MembershipsService).end({ userId, tenantId }))),
      ],
    ];

    it.each(refusals)('refuses as %s: %s', async (problem, _who, prepare) => {
      const attempt: Attempt = (await prepare()) ?? {};
      const { facts = {}, context } = attempt;
      const before = await host.run(() => host.hostDatabase.em.count(Impersonation));
      const refused = begin(facts, context);
      await expect(refused).rejects.toBeInstanceOf(ImpersonationRefusedError);
      await expect(refused).rejects.toMatchObject({ problem });
      expect(await host.run(() => host.hostDatabase.em.count(Impersonation))).toBe(before);
      const targetId = facts.userId ?? userId;
      const found = await host.run(() => host.get(AuditService).findByTarget(targetId));
      const exists = [undefined, tenantId, otherTenantId].includes(facts.tenantId);
      expect(found.filter(({ eventType }) => eventType === 'access.impersonation-refused')).toMatchObject([
        { outcome: 'denied', tenantId: exists ? (facts.tenantId ?? tenantId) : null, details: { problem } },
      ]);
    });

    it('refuses who is not signed in, and whom it does not know', async () => {
      await expect(begin({}, {})).rejects.toBeInstanceOf(NotAuthenticatedError);
      await expect(begin({ userId: genId() })).rejects.toBeInstanceOf(UserNotFoundError);
      await expect(begin({ userId: 'x' })).rejects.toBeInstanceOf(InvalidIdError);
    });

    it.each([
      { reason: 'too short' },
      { reason: '' },
      { reason: `   ${'x'.repeat(9)}   ` },
      { reason: 'x'.repeat(501) },
      { reason: undefined as unknown as string },
      { minutes: 0 },
      { minutes: 31 },
      { minutes: 1.5 },
      { minutes: -1 },
      { minutes: Number.NaN },
    ])('refuses %j', async (facts) => {
      await expect(begin(facts)).rejects.toBeInstanceOf(InvalidInputError);
    });

    it.each([{ reason: 'x'.repeat(10) }, { reason: 'x'.repeat(500) }, { minutes: 1 }, { minutes: 30 }])(
      'takes %j',
      async (facts) => {
        expect(await enter(await begin(facts))).toMatchObject({ userId });
      },
    );
  });

  it('has both persons in every row of what is done, captured changes too', async () => {
    const context = { actorUserId: userId, impersonatorUserId: adminId, tenantId };
    await as(context, async () => {
      await host.get(MembershipsService).setProfile({ userId, tenantId, profileId: genId() });
      await host.get(AuditService).recordDetached({ eventType: 'access.tenant-denied', targetId: tenantId });
    });
    const written = await host.run(() => host.hostDatabase.em.find(HostAuditLog, { impersonatorUserId: adminId }));
    expect(written.map(({ eventType, actorUserId }) => `${eventType} ${actorUserId}`).toSorted()).toEqual([
      `access.tenant-denied ${userId}`,
      `memberships.updated ${userId}`,
    ]);
  });

  describe.each([false, true])('the end, where the process remembers sessions: %p', (remembers) => {
    let begun: BegunImpersonation;

    beforeEach(async () => {
      host.get(CredentialCache).rememberWhile(() => remembers);
      begun = await begin();
      await enter(begun);
    });

    /** Why it has ended, as the log of the tenant says, once nobody comes in by it any more. */
    const endingOf = async () => {
      await expect(enter(begun)).rejects.toMatchObject(over);
      const [listed] = await host.run(() => sut.listForTenant(tenantId, { limit: 1 }));
      expect(listed).toMatchObject({ id: begun.impersonation.id, endedAt: host.clock.now() });
      const ended = await rows('access.impersonation-ended');
      const facts = { impersonationId: begun.impersonation.id, adminUserId: adminId };
      expect(ended).toMatchObject([{ tenantId, details: facts }]);
      return ended.map(({ details }) => details?.reason);
    };
    const end = (context: HostContext) => as(context, () => sut.end(begun.impersonation.id));

    it('comes when who began it says so', async () => {
      await end({ actorUserId: adminId });
      expect(await endingOf()).toEqual(['ended']);
    });

    it('comes when it is said in the session itself', async () => {
      await end({ actorUserId: userId, impersonatorUserId: adminId });
      expect(await endingOf()).toEqual(['ended']);
    });

    it('comes when another system administrator says so', async () => {
      const other = await host.newUser();
      await change(other.id, { isSysAdmin: true });
      await end({ actorUserId: other.id });
      expect(await endingOf()).toEqual(['ended']);
    });

    it('does not come from anybody else, nor twice', async () => {
      const notFound = { code: 'ACCESS_IMPERSONATION_NOT_FOUND' };
      for (const context of [{ actorUserId: userId }, { actorUserId: userId, impersonatorUserId: genId() }]) {
        await expect(end(context)).rejects.toMatchObject(notFound);
      }
      await expect(end({})).rejects.toBeInstanceOf(NotAuthenticatedError);
      expect(await enter(begun)).toMatchObject({ userId });
      await end({ actorUserId: adminId });
      await expect(end({ actorUserId: adminId })).rejects.toMatchObject(notFound);
      expect(await endingOf()).toEqual(['ended']);
    });

    it('comes once, however many say so at once', async () => {
      const ends = await Promise.allSettled(Array.from({ length: 6 }, () => end({ actorUserId: adminId })));
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await endingOf()).toEqual(['ended']);
    });

    it('comes with the end of its session', async () => {
      await host.run(() => host.get(SessionsService).revoke({ userId, sessionId: begun.session.id }, 'signed-out'));
      expect(await endingOf()).toEqual(['signed-out']);
    });

    it('comes when the administrator is deactivated', async () => {
      await host.run(() => host.get(UserEvents).emitDeactivated({ userId: adminId }));
      expect(await endingOf()).toEqual(['rights-changed']);
    });
  });

  it.each([
    ['the user becomes a system administrator', () => change(userId, { isSysAdmin: true })],
    ['the administrator is none any more', () => change(adminId, { isSysAdmin: false })],
    ['the administrator is deactivated past the service', () => change(adminId, { deactivatedAt: new Date() })],
  ])('ends at the next request when %s', async (_what, happens) => {
    host.get(CredentialCache).rememberWhile(() => true);
    const begun = await begin();
    const own = await host.run(() => host.get(SessionsService).open({ userId, transport: 'bearer' }));
    expect(await enter(begun)).toMatchObject({ userId });
    await happens();
    // As the feed of changes does for each of the two, in every process.
    for (const id of [userId, adminId]) host.get(CredentialCache).forget(id);
    await expect(enter(begun)).rejects.toMatchObject({ problem: 'impersonation-over' });
    await expect(enter(begun)).rejects.toMatchObject({ problem: 'revoked' });
    expect(await rows('access.impersonation-ended')).toMatchObject([{ tenantId, details: { reason: 'rights-changed' } }]);
    expect(await enter(own)).toEqual({ userId, sessionId: own.session.id, expiresAt: own.session.expiresAt });
  });

  it.each([
    ['the administrator is none any more', () => change(adminId, { isSysAdmin: false })],
    ['the administrator is deactivated', () => change(adminId, { deactivatedAt: new Date() })],
    ['the user becomes one', () => change(userId, { isSysAdmin: true })],
  ] as const)('lets no message of a websocket in once %s', async (_what, happens) => {
    const { session } = await begin();
    const socket = { actorUserId: userId, sessionId: session.id, impersonatorUserId: adminId };
    const stands = () => host.run(() => host.get(TenantMessages).assertStanding(socket));
    await expect(stands()).resolves.toBeUndefined();
    await happens();
    await expect(stands()).rejects.toBeInstanceOf(NotAuthenticatedError);
  });

  describe('requireNoImpersonation', () => {
    it('refuses who acts as somebody else, and records it', async () => {
      const context = { actorUserId: userId, impersonatorUserId: adminId, tenantId };
      await expect(as(context, () => sut.requireNoImpersonation())).rejects.toBeInstanceOf(NotWhileImpersonatingError);
      expect(await rows('access.refused-while-impersonating')).toMatchObject([
        { outcome: 'denied', tenantId, actorUserId: userId, impersonatorUserId: adminId },
      ]);
    });

    it('keeps them from a session that would outlast it, but not from one of their own', async () => {
      const context = { actorUserId: userId, impersonatorUserId: adminId, tenantId };
      const open = (id: string) => host.get(SessionsService).open({ userId: id, transport: 'bearer' });
      await expect(as(context, () => open(userId))).rejects.toBeInstanceOf(NotWhileImpersonatingError);
      expect(await rows('access.session-opened')).toEqual([]);
      expect(await as(context, () => open(adminId))).toMatchObject({ session: { impersonation: null } });
      expect(await as({ actorUserId: userId }, () => open(userId))).toMatchObject({ session: { impersonation: null } });
    });

    it('lets everybody else pass', async () => {
      await expect(as({ actorUserId: userId, tenantId }, () => sut.requireNoImpersonation())).resolves.toBeUndefined();
    });
  });
});
