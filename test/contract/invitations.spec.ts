import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ContextService, genId } from 'nestjs-host-database';
import { InvitationsService, MembershipsService, RolesService } from 'nestjs-host-database/memberships';
import { createTestHost } from 'nestjs-host-database/testing';
import { UsersService } from 'nestjs-host-database/users';
import { type InvitationArena, openInvitationArena } from '../support/invitation-arena.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe.each(['sqlite', 'postgresql'] as const)(`${InvitationsService.name} on %s`, (database) => {
  let arena: InvitationArena;
  let tenantId: string;
  let ownerId: string;

  beforeAll(async () => {
    arena = await openInvitationArena(database, { memberships: { invitations: { maxOpenPerTenant: 3 } } });
  });
  afterAll(async () => {
    await arena.host.close();
  });
  beforeEach(async () => {
    ({ tenantId, ownerId } = await arena.newTenant());
  });

  const newRole = (permissions: readonly ('invitations.manage' | 'members.read' | 'members.manage')[]) =>
    arena.host.run(() => arena.host.get(RolesService).create({ tenantId, name: `role-${genId()}`, permissions }));
  const create = (by: string, facts: object = {}) =>
    arena.as(by, () => arena.sut.create({ tenantId, email: `${genId()}@example.com`, role: 'member', ...facts }));
  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'none',
      ({ code }: { code?: string }) => String(code),
    );

  it('mails a token, by which the person of the address becomes what they were invited as', async () => {
    const invitee = await arena.newUser();
    const { token, ...sent } = await arena.invite(ownerId, {
      tenantId,
      email: ` ${invitee.email.toUpperCase()} `,
      role: 'admin',
    });
    expect(sent).toEqual({
      id: expect.any(String),
      tenantId,
      email: invitee.email,
      role: 'admin',
      customRoleId: null,
      status: 'open',
      invitedBy: ownerId,
      sendCount: 1,
      sentAt: arena.host.clock.now(),
      expiresAt: new Date(arena.host.clock.now().getTime() + 7 * DAY_MS),
      createdAt: arena.host.clock.now(),
      acceptedBy: null,
      endedAt: null,
    });
    const inviter = await arena.host.run(() => arena.host.hostDatabase.globalUsers.findOneOrFail(ownerId));
    const told = { tenantName: `Tenant ${tenantId}`, inviterEmail: inviter.email, role: 'admin', expiresAt: sent.expiresAt };
    expect(arena.outbox.mails.at(-1)).toEqual({ to: invitee.email, template: 'invitation', data: { token, ...told } });
    expect(await arena.host.run(() => arena.sut.preview(token))).toEqual(told);

    expect(await arena.accept(invitee.id, token)).toMatchObject({ role: 'admin' });
    expect(await arena.membershipOf(invitee.id, tenantId)).toEqual({ role: 'admin', isActive: true, customRoleId: null });
    const { items } = await arena.as(ownerId, () => arena.sut.list(tenantId));
    expect(items).toEqual([{ ...sent, status: 'accepted', acceptedBy: invitee.id, endedAt: arena.host.clock.now() }]);
    expect(await arena.eventsOf(sent.id)).toEqual([
      {
        eventType: 'memberships.invitation-created',
        actorUserId: ownerId,
        details: { role: 'admin', customRoleId: null },
      },
      {
        eventType: 'memberships.invitation-accepted',
        actorUserId: invitee.id,
        details: {
          role: 'admin',
          customRoleId: null,
          invitedBy: ownerId,
          membershipId: expect.any(String),
          wasMember: false,
        },
      },
    ]);
  });

  it("gives a role of the tenant's own, also to who comes back with another one", async () => {
    const [first, second] = [await newRole(['members.read']), await newRole(['invitations.manage'])];
    const userId = await arena.newMember(tenantId, 'member', first.id);
    const { email } = await arena.host.run(() => arena.host.hostDatabase.globalUsers.findOneOrFail(userId));
    const endMembership = () => arena.host.run(() => arena.host.get(MembershipsService).end({ tenantId, userId }));
    await endMembership();
    const own = await arena.invite(ownerId, { tenantId, email, customRoleId: second.id });
    await arena.accept(userId, own.token);
    expect(await arena.membershipOf(userId, tenantId)).toEqual({ role: 'member', isActive: true, customRoleId: second.id });

    await endMembership();
    const plain = await arena.invite(ownerId, { tenantId, email, role: 'admin' });
    await arena.accept(userId, plain.token);
    expect(await arena.membershipOf(userId, tenantId)).toEqual({ role: 'admin', isActive: true, customRoleId: null });
  });

  it("refuses a role that the tenant does not have, or that is another tenant's", async () => {
    const other = await arena.newTenant();
    const foreign = await arena.host.run(() =>
      arena.host.get(RolesService).create({ tenantId: other.tenantId, name: 'theirs', permissions: ['members.read'] }),
    );
    expect(await codeOf(create(ownerId, { customRoleId: foreign.id }))).toBe('MEMBERSHIPS_ROLE_NOT_FOUND');
    expect(await codeOf(create(ownerId, { customRoleId: genId() }))).toBe('MEMBERSHIPS_ROLE_NOT_FOUND');
    const own = await newRole(['members.read']);
    expect(await codeOf(create(ownerId, { role: 'admin', customRoleId: own.id }))).toBe('COMMON_INVALID_INPUT');
    expect(await codeOf(create(ownerId, { customRoleId: own.id }))).toBe('none');
  });

  it.each([
    ['an address that is none', { email: 'nobody' }, 'COMMON_INVALID_INPUT'],
    ['a role that there is not', { role: 'emperor' }, 'COMMON_INVALID_INPUT'],
    ['a malformed id', { tenantId: "' or 1 = 1" }, 'COMMON_INVALID_ID'],
  ])('refuses %s', async (_, facts, code) => {
    expect(await codeOf(create(ownerId, facts))).toBe(code);
    expect((await arena.as(ownerId, () => arena.sut.list(tenantId))).items).toEqual([]);
  });

  it('needs somebody who is signed in', async () => {
    const { id, token } = await arena.invite(ownerId, { tenantId });
    const nobody = <T>(work: () => Promise<T>) => arena.host.get(ContextService).run({}, () => arena.host.run(work));
    const attempts: (() => Promise<unknown>)[] = [
      () => arena.sut.create({ tenantId, email: 'a@example.com', role: 'member' }),
      () => arena.sut.resend(id),
      () => arena.sut.revoke(id),
      () => arena.sut.list(tenantId),
      () => arena.sut.accept(token),
      () => arena.sut.decline(token),
    ];
    for (const attempt of attempts) expect(await codeOf(nobody(attempt))).toBe('MEMBERSHIPS_INVITATION_ACTOR_MISSING');
  });

  describe('create', () => {
    it('sends the open invitation of an address again, with what is said now', async () => {
      const invitee = await arena.newUser();
      const first = await arena.invite(ownerId, { tenantId, email: invitee.email });
      await expect(create(ownerId, { email: invitee.email, role: 'admin' })).rejects.toMatchObject({
        code: 'MEMBERSHIPS_INVITATION_SENT_TOO_SOON',
        retryAt: new Date(arena.host.clock.now().getTime() + MINUTE_MS),
      });
      arena.host.clock.advance(MINUTE_MS);
      const adminId = await arena.newMember(tenantId, 'admin');
      const second = await arena.invite(adminId, { tenantId, email: invitee.email, role: 'admin' });
      expect(second).toMatchObject({ id: first.id, role: 'admin', sendCount: 2, invitedBy: adminId });
      expect(second.expiresAt.getTime()).toBe(first.expiresAt.getTime() + MINUTE_MS);
      expect(await codeOf(arena.accept(invitee.id, first.token))).toBe('MEMBERSHIPS_INVITATION_INVALID');
      expect(await arena.accept(invitee.id, second.token)).toMatchObject({ role: 'admin' });
      const resent = (await arena.eventsOf(first.id)).find(({ eventType }) => eventType.endsWith('-resent'));
      expect(resent).toEqual({
        eventType: 'memberships.invitation-resent',
        actorUserId: adminId,
        details: { role: 'admin', customRoleId: null, sendCount: 2, invitedBefore: ownerId },
      });
    });

    it('makes one invitation of simultaneous ones to an address', async () => {
      const email = `${genId()}@example.com`;
      const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(create(ownerId, { email }))));
      expect(codes.toSorted()).toEqual([...Array<string>(7).fill('MEMBERSHIPS_INVITATION_SENT_TOO_SOON'), 'none']);
      expect((await arena.as(ownerId, () => arena.sut.list(tenantId))).items).toHaveLength(1);
    });

    it('keeps to as many open ones as the tenant may have, also simultaneously', async () => {
      const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(create(ownerId))));
      expect(codes.toSorted()).toEqual([...Array<string>(5).fill('MEMBERSHIPS_TOO_MANY_INVITATIONS'), 'none', 'none', 'none']);
      const { items } = await arena.as(ownerId, () => arena.sut.list(tenantId));
      expect(items).toHaveLength(3);
      await arena.as(ownerId, () => arena.sut.revoke(items[0]?.id ?? ''));
      expect(await codeOf(create(ownerId))).toBe('none');
      expect(await codeOf(create(ownerId))).toBe('MEMBERSHIPS_TOO_MANY_INVITATIONS');
      arena.host.clock.advance(7 * DAY_MS);
      expect(await codeOf(create(ownerId))).toBe('none');
    });

    it('refuses the address of a member, until they have left', async () => {
      const adminId = await arena.newMember(tenantId, 'admin');
      const { email } = await arena.host.run(() => arena.host.hostDatabase.globalUsers.findOneOrFail(adminId));
      await expect(create(ownerId, { email })).rejects.toMatchObject({
        code: 'MEMBERSHIPS_DUPLICATE',
        membership: { userId: adminId, tenantId },
      });
      await arena.host.run(() => arena.host.get(MembershipsService).end({ tenantId, userId: adminId }));
      expect(await codeOf(create(ownerId, { email }))).toBe('none');
    });

    it('refuses a tenant that is closed, but not one that is being made', async () => {
      await arena.suspend(tenantId, true);
      expect(await codeOf(create(ownerId))).toBe('TENANTS_NOT_ACTIVE');
      await arena.suspend(tenantId, false);
      expect(await codeOf(create(ownerId))).toBe('none');
      const owner = await arena.newUser();
      const coming = await arena.host.newTenant({ provisioned: false, ownerId: owner.id });
      expect(await codeOf(create(owner.id, { tenantId: coming.id }))).toBe('none');
    });

    it('refuses what could not be mailed, and writes nothing', async () => {
      const silent = await createTestHost({ database, options: { users: { mailer: undefined } } });
      const owner = await silent.newUser();
      const { id } = await silent.newTenant({ provisioned: false, ownerId: owner.id });
      const service = silent.get(InvitationsService);
      const asOwner = <T>(work: () => Promise<T>) =>
        silent.get(ContextService).run({ actorUserId: owner.id }, () => silent.run(work));
      const facts = { tenantId: id, email: 'a@example.com', role: 'member' } as const;
      expect(await codeOf(asOwner(() => service.create(facts)))).toBe('USERS_MAILER_MISSING');
      expect(await asOwner(() => service.list(id))).toEqual({ items: [], next: undefined });
      await silent.close();
    });
  });

  describe('resend', () => {
    it('sends another token, and not at once', async () => {
      const invitee = await arena.newUser();
      const first = await arena.invite(ownerId, { tenantId, email: invitee.email });
      expect(await codeOf(arena.resend(ownerId, first.id))).toBe('MEMBERSHIPS_INVITATION_SENT_TOO_SOON');
      arena.host.clock.advance(MINUTE_MS);
      const second = await arena.resend(ownerId, first.id);
      expect(second).toMatchObject({ id: first.id, role: 'member', sendCount: 2, sentAt: arena.host.clock.now() });
      expect(second.token).not.toBe(first.token);
    });

    it('opens an expired one again', async () => {
      const invitee = await arena.newUser();
      const { id } = await arena.invite(ownerId, { tenantId, email: invitee.email });
      arena.host.clock.advance(8 * DAY_MS);
      const second = await arena.resend(ownerId, id);
      expect(second.status).toBe('open');
      expect(await arena.accept(invitee.id, second.token)).toMatchObject({ role: 'member' });
    });

    it.each(['accepted', 'declined', 'revoked'] as const)('leaves one that is %s', async (status) => {
      const invitee = await arena.newUser();
      const { id, token } = await arena.invite(ownerId, { tenantId, email: invitee.email });
      if (status === 'accepted') await arena.accept(invitee.id, token);
      if (status === 'declined') await arena.as(invitee.id, () => arena.sut.decline(token));
      if (status === 'revoked') await arena.as(ownerId, () => arena.sut.revoke(id));
      arena.host.clock.advance(MINUTE_MS);
      for (const change of ['resend', 'revoke'] as const) {
        const attempt = arena.as(ownerId, () => arena.sut[change](id));
        await expect(attempt).rejects.toMatchObject({ code: 'MEMBERSHIPS_INVITATION_ENDED', invitationId: id, status });
      }
      expect(await codeOf(create(ownerId, { email: invitee.email }))).toBe(
        status === 'accepted' ? 'MEMBERSHIPS_DUPLICATE' : 'none',
      );
    });

    it('is not for a tenant that is closed', async () => {
      const { id } = await arena.invite(ownerId, { tenantId });
      arena.host.clock.advance(MINUTE_MS);
      await arena.suspend(tenantId, true);
      expect(await codeOf(arena.resend(ownerId, id))).toBe('TENANTS_NOT_ACTIVE');
    });
  });

  describe('list', () => {
    it('has pages, the newest first, of one tenant, and nothing by which an invitation could be accepted', async () => {
      const sent = [];
      for (let index = 0; index < 3; index++) sent.push(await arena.invite(ownerId, { tenantId }));
      const other = await arena.newTenant();
      await arena.invite(other.ownerId, { tenantId: other.tenantId });
      const first = await arena.as(ownerId, () => arena.sut.list(tenantId, { limit: 2 }));
      const second = await arena.as(ownerId, () => arena.sut.list(tenantId, { limit: 2, after: first.next }));
      expect(second.next).toBeUndefined();
      const items = [...first.items, ...second.items];
      expect(items.map(({ id }) => id)).toEqual(sent.map(({ id }) => id).toReversed());
      const hashes = await arena.sql<{ token_hash: string }>('select token_hash from core_invitations where tenant_id = ?', [
        tenantId,
      ]);
      expect(hashes).toHaveLength(3);
      const told = JSON.stringify(items);
      for (const secret of [...hashes.map((row) => row.token_hash), ...sent.map(({ token }) => token)]) {
        expect(told).not.toContain(secret);
      }
      expect(told).toContain(sent[0]?.email);
    });

    it.each([0, 501, 1.5, Number.NaN])('refuses a page of %d', async (limit) => {
      expect(await codeOf(arena.as(ownerId, () => arena.sut.list(tenantId, { limit })))).toBe('COMMON_INVALID_INPUT');
    });
  });

  describe('the mail', () => {
    it('is not sent where the invitation was taken back meanwhile', async () => {
      const { id, email } = await create(ownerId);
      await arena.as(ownerId, () => arena.sut.revoke(id));
      await arena.host.jobs.drain({ types: ['memberships.mail-invitation'] });
      expect(arena.outbox.mails.some(({ to }) => to === email)).toBe(false);
      const { email: control } = await create(ownerId);
      await arena.host.jobs.drain({ types: ['memberships.mail-invitation'] });
      expect(arena.outbox.mails.some(({ to }) => to === control)).toBe(true);
    });

    it('is sent once where the invitation was sent again before the first was', async () => {
      const { id, email } = await create(ownerId);
      arena.host.clock.advance(MINUTE_MS);
      await arena.as(ownerId, () => arena.sut.resend(id));
      await arena.host.jobs.drain({ types: ['memberships.mail-invitation'] });
      expect(arena.outbox.mails.filter(({ to }) => to === email)).toHaveLength(1);
    });

    it('has a token of its own with each try, of which the last one is good', async () => {
      const invitee = await arena.newUser();
      arena.outbox.failure = () => new Error('the server has hung up');
      const { id } = await create(ownerId, { email: invitee.email });
      await arena.host.jobs.drain({ types: ['memberships.mail-invitation'] });
      const lost = arena.outbox.tokenTo(invitee.email);
      // As the policy of the job would, later.
      const [job] = await arena.host.jobs.enqueued('memberships.mail-invitation', {
        payload: { invitationId: id, sendCount: 1 },
      });
      expect(job?.errorLog).toContain('the server has hung up');
      await arena.sql('update sys_jobs set available_at = created_at where id = ?', [job?.id]);
      await arena.host.jobs.drain({ types: ['memberships.mail-invitation'] });
      const token = arena.outbox.tokenTo(invitee.email);
      expect(token).not.toBe(lost);
      expect(new Set(arena.outbox.ids).size).toBe(arena.outbox.ids.length);
      expect(await codeOf(arena.accept(invitee.id, lost))).toBe('MEMBERSHIPS_INVITATION_INVALID');
      expect(await codeOf(arena.accept(invitee.id, token))).toBe('none');
    });
  });

  it('forgets what a person has accepted when the person is removed', async () => {
    const [leaving, staying] = [await arena.newUser(), await arena.newUser()];
    for (const { id, email } of [leaving, staying])
      await arena.accept(id, (await arena.invite(ownerId, { tenantId, email })).token);
    await arena.host.run(() => arena.host.get(UsersService).delete(leaving.id));
    const { items } = await arena.as(ownerId, () => arena.sut.list(tenantId));
    expect(items.map(({ email }) => email)).toEqual([staying.email]);
  });
});
