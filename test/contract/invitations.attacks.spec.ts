import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId, type GlobalUser, PricingPlan, UnitOfWork } from 'nestjs-host-database';
import { InvitationsService, MembershipsService, RolesService } from 'nestjs-host-database/memberships';
import { UsersService } from 'nestjs-host-database/users';
import { type InvitationArena, openInvitationArena, type Sent } from '../support/invitation-arena.js';
import { dumpTables } from '../support/table-dump.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const INVALID = 'MEMBERSHIPS_INVITATION_INVALID';
const NO_AUTHORITY = 'MEMBERSHIPS_INSUFFICIENT_AUTHORITY';
const INVITER_LOST = 'MEMBERSHIPS_INVITER_AUTHORITY_LOST';

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    ({ code }: { code?: string }) => String(code),
  );

describe.each(['sqlite', 'postgresql'] as const)(`Attacks on ${InvitationsService.name} on %s`, (database) => {
  let arena: InvitationArena;
  let tenantId: string;
  let ownerId: string;
  let invitee: GlobalUser;

  beforeAll(async () => {
    arena = await openInvitationArena(database);
  });
  afterAll(async () => {
    await arena.host.close();
  });
  beforeEach(async () => {
    ({ tenantId, ownerId } = await arena.newTenant());
    invitee = await arena.newUser();
  });

  const invite = (by: string, facts: object = {}): Promise<Sent> =>
    arena.invite(by, { tenantId, email: invitee.email, ...facts });
  const membership = () => arena.membershipOf(invitee.id, tenantId);
  const changeRole = (userId: string, role: 'owner' | 'admin' | 'member') =>
    arena.host.run(() => arena.host.get(MembershipsService).changeRole({ tenantId, userId, role }));
  const end = (userId: string) => arena.host.run(() => arena.host.get(MembershipsService).end({ tenantId, userId }));
  const newRole = (...permissions: ('invitations.manage' | 'members.read' | 'members.manage')[]) =>
    arena.host.run(() => arena.host.get(RolesService).create({ tenantId, name: `role-${genId()}`, permissions }));
  const refusalsOf = async (id: string) =>
    (await arena.eventsOf(id)).flatMap(({ eventType, details }) =>
      eventType === 'memberships.invitation-refused' ? [details] : [],
    );

  describe('a role above the inviter', () => {
    it.each([
      ['owner', 'owner', 'none'],
      ['admin', 'owner', NO_AUTHORITY],
      ['admin', 'admin', 'none'],
      ['member', 'member', NO_AUTHORITY],
    ] as const)('an %s who invites an %s: %s', async (own, role, code) => {
      const inviterId = own === 'owner' ? ownerId : await arena.newMember(tenantId, own);
      expect(await codeOf(invite(inviterId, { role }))).toBe(code);
      const { items } = await arena.as(ownerId, () => arena.sut.list(tenantId));
      expect(items).toHaveLength(code === 'none' ? 1 : 0);
      const refused = { tenantId, actorUserId: inviterId, eventType: 'memberships.invitation-refused' };
      const rows = await arena.host.run(() => arena.host.hostDatabase.auditLogs.find(refused));
      expect(rows.map(({ outcome }) => outcome)).toEqual(code === 'none' ? [] : ['denied']);
    });

    it("goes for the tenant's own roles, by what they may do", async () => {
      const [inviting, reading] = [await newRole('invitations.manage', 'members.read'), await newRole('members.read')];
      const managing = await newRole('members.manage', 'members.read');
      const inviterId = await arena.newMember(tenantId, 'member', inviting.id);
      expect(await codeOf(invite(inviterId, { customRoleId: managing.id }))).toBe(NO_AUTHORITY);
      expect(await codeOf(invite(inviterId, { role: 'admin' }))).toBe(NO_AUTHORITY);
      expect(await codeOf(invite(inviterId, { customRoleId: reading.id }))).toBe('none');
    });

    it('is not touched from below either', async () => {
      const adminId = await arena.newMember(tenantId, 'admin');
      const { id } = await invite(ownerId, { role: 'owner' });
      arena.host.clock.advance(MINUTE_MS);
      expect(await codeOf(arena.resend(adminId, id))).toBe(NO_AUTHORITY);
      expect(await codeOf(arena.as(adminId, () => arena.sut.revoke(id)))).toBe(NO_AUTHORITY);
      expect(await codeOf(invite(adminId, { role: 'member' }))).toBe(NO_AUTHORITY);
      expect(await codeOf(arena.as(ownerId, () => arena.sut.revoke(id)))).toBe('none');
    });
  });

  describe('a row that was rewritten after sending', () => {
    const columns = {
      role: 'owner',
      email: 'mallory@example.com',
      invited_by: genId(),
      expires_at: new Date('2040-01-01T00:00:00.000Z'),
      tenant_id: '',
    };

    it.each(Object.keys(columns) as (keyof typeof columns)[])('opens nothing: %s', async (column) => {
      const { id, token } = await invite(ownerId);
      const [was] = await arena.sql<Record<string, unknown>>(`select ${column} from core_invitations where id = ?`, [id]);
      const set = (value: unknown) => arena.sql(`update core_invitations set ${column} = ? where id = ?`, [value, id]);
      const { tenantId: other } = await arena.newTenant();
      const forged = column === 'tenant_id' ? other : columns[column];
      await set(database === 'sqlite' && forged instanceof Date ? forged.getTime() : forged);
      const taker = column === 'email' ? await arena.newUser(`${genId()}@example.com`) : invitee;
      if (column === 'email') await set(taker.email);
      expect(await codeOf(arena.accept(taker.id, token))).toBe(INVALID);
      expect(await codeOf(arena.host.run(() => arena.sut.preview(token)))).toBe(INVALID);
      await set(was?.[column]);
      expect(await codeOf(arena.accept(invitee.id, token))).toBe('none');
      expect(await membership()).toMatchObject({ role: 'member' });
    });

    it('before it was mailed gives no more than the inviter has', async () => {
      const adminId = await arena.newMember(tenantId, 'admin');
      const facts = { tenantId, email: invitee.email, role: 'admin' } as const;
      const { id } = await arena.as(adminId, () => arena.sut.create(facts));
      await arena.sql(`update core_invitations set role = 'owner' where id = ?`, [id]);
      await arena.host.jobs.drain({ types: ['memberships.mail-invitation'] });
      expect(await codeOf(arena.accept(invitee.id, arena.outbox.tokenTo(invitee.email)))).toBe(INVITER_LOST);
      expect(await membership()).toBeNull();

      arena.host.clock.advance(MINUTE_MS);
      await arena.sql(`update core_invitations set role = 'admin' where id = ?`, [id]);
      const { token } = await arena.resend(adminId, id);
      expect(await arena.accept(invitee.id, token)).toMatchObject({ role: 'admin' });
    });
  });

  it('redeemed by another account: only the address that it was sent to opens it', async () => {
    const { id, token } = await invite(ownerId);
    const thief = await arena.newUser();
    for (const answer of ['accept', 'decline'] as const) {
      for (const userId of [thief.id, ownerId]) {
        expect(await codeOf(arena.as<unknown>(userId, () => arena.sut[answer](token)))).toBe(INVALID);
      }
    }
    expect(await arena.membershipOf(thief.id, tenantId)).toBeNull();
    expect(await refusalsOf(id)).toContainEqual({ action: 'accept', reason: INVALID });
    expect(await codeOf(arena.accept(invitee.id, token))).toBe('none');
  });

  it('an address that is not verified proves nothing', async () => {
    await arena.changeUser(invitee.id, { emailVerifiedAt: null });
    const { id, token } = await invite(ownerId);
    const code = 'MEMBERSHIPS_INVITATION_EMAIL_NOT_VERIFIED';
    expect(await codeOf(arena.accept(invitee.id, token))).toBe(code);
    expect(await codeOf(arena.as(invitee.id, () => arena.sut.decline(token)))).toBe(code);
    expect(await refusalsOf(id)).toEqual([
      { action: 'accept', reason: code },
      { action: 'decline', reason: code },
    ]);
    await arena.changeUser(invitee.id, { emailVerifiedAt: arena.host.clock.now() });
    expect(await codeOf(arena.accept(invitee.id, token))).toBe('none');
  });

  it('an address that was changed since is another one', async () => {
    const { token } = await invite(ownerId);
    const { email } = invitee;
    await arena.changeUser(invitee.id, { email: `${genId()}@example.com` });
    expect(await codeOf(arena.accept(invitee.id, token))).toBe(INVALID);
    const heir = await arena.newUser(email);
    expect(await codeOf(arena.accept(heir.id, token))).toBe('none');
  });

  it('a match of addresses alone adopts nobody', async () => {
    const email = `${genId()}@example.com`;
    const { token } = await invite(ownerId, { email });
    const users = arena.host.get(UsersService);
    const { id } = await arena.host.run(() => users.create({ email }));
    await arena.host.run(() => users.recordLogin(id));
    expect(await arena.membershipOf(id, tenantId)).toBeNull();
    expect(await codeOf(arena.accept(id, token))).toBe('MEMBERSHIPS_INVITATION_EMAIL_NOT_VERIFIED');
    expect(await arena.membershipOf(id, tenantId)).toBeNull();
    await arena.changeUser(id, { emailVerifiedAt: arena.host.clock.now() });
    expect(await arena.membershipOf(id, tenantId)).toBeNull();
    await arena.accept(id, token);
    expect(await arena.membershipOf(id, tenantId)).toMatchObject({ isActive: true });
  });

  it('a token that was used does not bring back who has been removed', async () => {
    const { token } = await invite(ownerId);
    const first = await arena.accept(invitee.id, token);
    expect(await arena.accept(invitee.id, token)).toEqual(first);
    expect(await codeOf(arena.host.run(() => arena.sut.preview(token)))).toBe(INVALID);
    await end(invitee.id);
    expect(await codeOf(arena.accept(invitee.id, token))).toBe(INVALID);
    expect(await membership()).toMatchObject({ isActive: false });
  });

  it('a repeat gives back nothing that has changed since', async () => {
    const { token } = await invite(ownerId, { role: 'admin' });
    await arena.accept(invitee.id, token);
    await changeRole(invitee.id, 'member');
    expect(await arena.accept(invitee.id, token)).toMatchObject({ role: 'member' });
    expect(await membership()).toMatchObject({ role: 'member' });
  });

  it('who is a member already keeps their role, and the invitation is used up', async () => {
    const { id, token } = await invite(ownerId, { role: 'owner' });
    // Added before the address was known to be theirs.
    await arena.changeUser(invitee.id, { emailVerifiedAt: null });
    await arena.host.newMembership({ userId: invitee.id, tenantId, role: 'member' });
    await arena.changeUser(invitee.id, { emailVerifiedAt: new Date() });
    expect(await arena.accept(invitee.id, token)).toMatchObject({ role: 'member' });
    const accepted = (await arena.eventsOf(id)).at(-1);
    expect(accepted).toMatchObject({ eventType: 'memberships.invitation-accepted', details: { wasMember: true } });
    await end(invitee.id);
    expect(await codeOf(arena.accept(invitee.id, token))).toBe(INVALID);
  });

  it('who was added without it does not come in by it, nor come back', async () => {
    const { id, token } = await invite(ownerId, { role: 'admin' });
    await arena.host.newMembership({ userId: invitee.id, tenantId, role: 'member' });
    expect((await arena.eventsOf(id)).at(-1)).toMatchObject({ eventType: 'memberships.invitation-revoked' });
    expect(await codeOf(arena.accept(invitee.id, token))).toBe(INVALID);
    await end(invitee.id);
    expect(await codeOf(arena.accept(invitee.id, token))).toBe(INVALID);
    // The control: a new one lets them in.
    const { token: later } = await invite(ownerId, { role: 'member' });
    expect(await arena.accept(invitee.id, later)).toMatchObject({ role: 'member' });
  });

  describe('an inviter who could not invite any more', () => {
    const falls = {
      'has been made less': (userId: string) => changeRole(userId, 'member'),
      'has been removed': (userId: string) => end(userId),
      'is deactivated': (userId: string) => arena.changeUser(userId, { deactivatedAt: new Date() }),
    };

    it.each(Object.keys(falls) as (keyof typeof falls)[])('%s: refused, until somebody else sends it again', async (fall) => {
      const adminId = await arena.newMember(tenantId, 'admin');
      const { id, token } = await invite(adminId, { role: 'admin' });
      await falls[fall](adminId);
      expect(await codeOf(arena.accept(invitee.id, token))).toBe(INVITER_LOST);
      expect(await membership()).toBeNull();
      expect(await refusalsOf(id)).toEqual([{ action: 'accept', reason: INVITER_LOST }]);
      arena.host.clock.advance(MINUTE_MS);
      const again = await arena.resend(ownerId, id);
      expect(again).toMatchObject({ status: 'open', invitedBy: ownerId });
      expect(await codeOf(arena.accept(invitee.id, token))).toBe(INVALID);
      expect(await arena.accept(invitee.id, again.token)).toMatchObject({ role: 'admin' });
    });

    it('has a role that may do less now', async () => {
      const [inviting, reading] = [await newRole('invitations.manage', 'members.read'), await newRole('members.read')];
      const inviterId = await arena.newMember(tenantId, 'member', inviting.id);
      const { token } = await invite(inviterId, { customRoleId: reading.id });
      const permit = (permissions: readonly ('invitations.manage' | 'members.read')[]) =>
        arena.host.run(() => arena.host.get(RolesService).update({ tenantId, roleId: inviting.id }, { permissions }));
      await permit(['members.read']);
      expect(await codeOf(arena.accept(invitee.id, token))).toBe(INVITER_LOST);
      await permit(['invitations.manage']);
      expect(await codeOf(arena.accept(invitee.id, token))).toBe(INVITER_LOST);
      await permit(['invitations.manage', 'members.read']);
      expect(await codeOf(arena.accept(invitee.id, token))).toBe('none');
      expect(await membership()).toMatchObject({ customRoleId: reading.id });
    });

    it('cannot accept past that with a role that has got more since', async () => {
      const adminId = await arena.newMember(tenantId, 'admin');
      const { token } = await invite(adminId, { role: 'admin' });
      await changeRole(adminId, 'member');
      await changeRole(adminId, 'admin');
      expect(await codeOf(arena.accept(invitee.id, token))).toBe('none');
    });
  });

  it('answers the same for every token that opens nothing', async () => {
    const ended = async (how: (sent: Sent) => Promise<unknown>) => {
      const user = await arena.newUser();
      const sent = await invite(ownerId, { email: user.email });
      await how(sent);
      return { userId: user.id, token: sent.token };
    };
    const cases = {
      // First, since it lets time pass.
      expired: await ended(async () => arena.host.clock.advance(7 * DAY_MS)),
      revoked: await ended(({ id }) => arena.as(ownerId, () => arena.sut.revoke(id))),
      declined: await ended(async ({ email, token }) => {
        const user = await arena.host.run(() => arena.host.hostDatabase.globalUsers.findOneOrFail({ email }));
        await arena.as(user.id, () => arena.sut.decline(token));
      }),
      resent: await ended(async ({ id }) => {
        arena.host.clock.advance(MINUTE_MS);
        await arena.resend(ownerId, id);
      }),
      'of another address': { userId: (await arena.newUser()).id, token: (await invite(ownerId)).token },
      unknown: { userId: invitee.id, token: Buffer.from(genId() + genId() + genId(), 'hex').toString('base64url') },
      'with another secret': await ended(async () => undefined).then(({ userId, token }) => ({
        userId,
        token: Buffer.concat([Buffer.from(token, 'base64url').subarray(0, 16), Buffer.alloc(32)]).toString('base64url'),
      })),
      'with more behind it': await ended(async () => undefined).then((one) => ({ ...one, token: `${one.token}AA` })),
      empty: { userId: invitee.id, token: '' },
      'no text': { userId: invitee.id, token: { toString: () => 'x' } as unknown as string },
    };
    const told = [];
    for (const { userId, token } of Object.values(cases)) {
      for (const answer of ['accept', 'decline', 'preview'] as const) {
        // The link can be looked at by whoever has it.
        if (answer === 'preview' && token === cases['of another address'].token) continue;
        const attempt = arena.as<unknown>(userId, async () => arena.sut[answer](token));
        const error = await attempt.catch((thrown: unknown) => thrown);
        told.push(JSON.stringify([error, (error as Error | undefined)?.message]));
      }
    }
    expect(told.length).toBeGreaterThan(25);
    expect([...new Set(told)]).toHaveLength(1);
    expect(told[0]).toContain(INVALID);
    const { token } = await invite(ownerId, { email: (invitee = await arena.newUser()).email });
    expect(await codeOf(arena.accept(invitee.id, token))).toBe('none');
  });

  it('expires by the clock, to the millisecond', async () => {
    const { token, expiresAt } = await invite(ownerId);
    arena.host.clock.set(expiresAt);
    expect(await codeOf(arena.accept(invitee.id, token))).toBe(INVALID);
    arena.host.clock.set(new Date(expiresAt.getTime() - 1));
    expect(await codeOf(arena.accept(invitee.id, token))).toBe('none');
  });

  it('is not answered, and makes no owner and no admin, on behalf of somebody', async () => {
    const { id: admin } = await arena.newUser();
    const facts = { impersonatorUserId: admin };
    const { id, token } = await invite(ownerId);
    for (const answer of ['accept', 'decline'] as const) {
      const attempt = arena.as<unknown>(invitee.id, async () => arena.sut[answer](token), facts);
      expect(await codeOf(attempt)).toBe('MEMBERSHIPS_INVITATION_IMPERSONATED');
    }
    expect(await refusalsOf(id)).toHaveLength(2);
    const create = (role: 'owner' | 'admin' | 'member') =>
      arena.as(ownerId, () => arena.sut.create({ tenantId, email: `${genId()}@example.com`, role }), facts);
    expect(await codeOf(create('owner'))).toBe('MEMBERSHIPS_IMPERSONATED_OWNER_CHANGE');
    expect(await codeOf(create('admin'))).toBe('USERS_IMPERSONATED_ACCOUNT_CHANGE');
    expect(await codeOf(create('member'))).toBe('none');
    expect(await codeOf(arena.accept(invitee.id, token))).toBe('none');
  });

  describe('another tenant', () => {
    it('is told nothing of the invitations, and cannot change them', async () => {
      const { id } = await invite(ownerId);
      const stranger = await arena.newTenant();
      arena.host.clock.advance(MINUTE_MS);
      for (const change of ['resend', 'revoke'] as const) {
        for (const each of [id, genId()]) {
          const attempt = arena.as(stranger.ownerId, () => arena.sut[change](each));
          expect(await codeOf(attempt)).toBe('MEMBERSHIPS_INVITATION_NOT_FOUND');
        }
      }
      expect(await codeOf(arena.as(stranger.ownerId, () => arena.sut.list(tenantId)))).toBe(NO_AUTHORITY);
      expect(await arena.statusOf(ownerId, { ...(await arena.as(ownerId, () => arena.sut.list(tenantId))).items[0]! })).toBe(
        'open',
      );
    });

    it('does not differ from one that there is not', async () => {
      const made = genId();
      const [real, unreal] = await Promise.all(
        [tenantId, made].map((id) =>
          arena
            .as(invitee.id, () => arena.sut.create({ tenantId: id, email: 'a@example.com', role: 'member' }))
            .catch((error: unknown) => String(error).replaceAll(id, 'it')),
        ),
      );
      expect(real).toBe(unreal);
      expect(real).toContain('it');
      const logs = arena.host.hostDatabase.auditLogs;
      expect(await arena.host.run(() => logs.count({ tenantId: made }))).toBe(0);
      const refused = { actorUserId: invitee.id, eventType: 'memberships.invitation-refused' };
      expect(await arena.host.run(() => logs.count(refused))).toBe(2);
    });

    it('is out of the scope of a request that is for this one', async () => {
      const other = await arena.newTenant();
      await arena.host.newMembership({ userId: ownerId, tenantId: other.tenantId, role: 'owner' });
      const { id } = await invite(ownerId);
      const inOther = { tenantId: other.tenantId };
      arena.host.clock.advance(MINUTE_MS);
      expect(await codeOf(arena.as(ownerId, () => arena.sut.revoke(id), inOther))).toBe('MEMBERSHIPS_INVITATION_NOT_FOUND');
      expect(await codeOf(arena.as(ownerId, () => arena.sut.list(tenantId), inOther))).toBe(NO_AUTHORITY);
      const facts = { tenantId, email: `${genId()}@example.com`, role: 'member' } as const;
      expect(await codeOf(arena.as(ownerId, () => arena.sut.create(facts), inOther))).toBe(NO_AUTHORITY);
      expect(await codeOf(arena.as(ownerId, () => arena.sut.revoke(id), { tenantId }))).toBe('none');
    });
  });

  it('is not accepted into a tenant that is closed, and stays open', async () => {
    const { id, token } = await invite(ownerId);
    await arena.suspend(tenantId, true);
    expect(await codeOf(arena.accept(invitee.id, token))).toBe('TENANTS_NOT_ACTIVE');
    expect(await refusalsOf(id)).toEqual([{ action: 'accept', reason: 'TENANTS_NOT_ACTIVE' }]);
    await arena.suspend(tenantId, false);
    expect(await codeOf(arena.accept(invitee.id, token))).toBe('none');
  });

  it('keeps the role that an open invitation gives', async () => {
    const role = await newRole('members.read');
    const { id, token } = await invite(ownerId, { customRoleId: role.id });
    const remove = () => arena.host.run(() => arena.host.get(RolesService).remove({ tenantId, roleId: role.id }));
    expect(await codeOf(remove())).toBe('MEMBERSHIPS_ROLE_IN_USE');
    await arena.as(ownerId, () => arena.sut.revoke(id));
    expect(await codeOf(remove())).toBe('none');
    expect(await codeOf(arena.accept(invitee.id, token))).toBe(INVALID);
  });

  describe('at the same time', () => {
    it('100 times accepted makes one membership, which all of them get', async () => {
      const { id, token } = await invite(ownerId, { role: 'admin' });
      const made = await Promise.all(Array.from({ length: 100 }, () => arena.accept(invitee.id, token)));
      expect(new Set(made.map((one) => one.id)).size).toBe(1);
      const rows = await arena.sql('select id from core_memberships where user_id = ? and tenant_id = ?', [invitee.id, tenantId]);
      expect(rows).toEqual([{ id: made[0]?.id }]);
      const accepted = (await arena.eventsOf(id)).filter(({ eventType }) => eventType === 'memberships.invitation-accepted');
      expect(accepted).toHaveLength(1);
    });

    it('accepted and revoked has one outcome', async () => {
      for (let round = 0; round < 5; round++) {
        const user = await arena.newUser();
        const { id, token } = await invite(ownerId, { email: user.email });
        const revoke = () => codeOf(arena.as(ownerId, () => arena.sut.revoke(id)));
        const [accepted, revoked] = await Promise.all([codeOf(arena.accept(user.id, token)), revoke()]);
        const isMember = (await arena.membershipOf(user.id, tenantId)) !== null;
        expect([accepted, revoked]).toEqual(isMember ? ['none', 'MEMBERSHIPS_INVITATION_ENDED'] : [INVALID, 'none']);
      }
    });

    it('takes no more seats than there are, and who finds none can try again', async () => {
      const tier = `tier-${genId()}`;
      await arena.host.run(async () => {
        const { em } = arena.host.get(UnitOfWork);
        em.create(PricingPlan, { id: tier, name: tier, features: [], limits: { seats: 3 } });
        Object.assign(await arena.host.hostDatabase.tenantCatalogs.findOneOrFail(tenantId), { planTier: tier });
        await em.flush();
      });
      const people = await Promise.all(Array.from({ length: 8 }, () => arena.newUser()));
      const sent: Sent[] = [];
      for (const { email } of people) sent.push(await invite(ownerId, { email }));
      const accept = (index: number) => codeOf(arena.accept(people[index]!.id, sent[index]!.token));
      const codes = await Promise.all(people.map((_, index) => accept(index)));
      expect(codes.toSorted()).toEqual([...Array<string>(6).fill('MEMBERSHIPS_SEAT_LIMIT_REACHED'), 'none', 'none']);
      const members = () => arena.host.run(() => arena.host.get(MembershipsService).findByTenant(tenantId));
      expect(await members()).toHaveLength(3);

      const waiting = codes.indexOf('MEMBERSHIPS_SEAT_LIMIT_REACHED');
      expect(await arena.statusOf(ownerId, sent[waiting]!)).toBe('open');
      expect(await refusalsOf(sent[waiting]!.id)).toEqual([{ action: 'accept', reason: 'MEMBERSHIPS_SEAT_LIMIT_REACHED' }]);
      await end(people[codes.indexOf('none')]!.id);
      expect(await accept(waiting)).toBe('none');
    });
  });

  it('no table has a token that opens anything, whatever the mailer says when it fails', async () => {
    const { id, token } = await invite(ownerId);
    const other = await arena.newUser();
    arena.outbox.failure = (mail) => new Error(`could not post ${JSON.stringify(mail)}`);
    const { token: failed } = await invite(ownerId, { email: other.email });
    await codeOf(arena.accept(other.id, token));
    const dump = await arena.host.run(() => dumpTables(arena.host.get(UnitOfWork).em, database));
    const [row] = await arena.sql<{ token_hash: string }>('select token_hash from core_invitations where id = ?', [id]);
    // What is looked for would be found.
    for (const known of [row?.token_hash, invitee.email, id, 'could not be sent']) expect(dump).toContain(known);
    for (const each of [token, failed]) {
      const secret = Buffer.from(each, 'base64url').subarray(16);
      for (const text of [each, secret.toString('hex'), secret.toString('base64'), secret.toString('base64url')]) {
        expect(dump).not.toContain(text);
      }
    }
    expect(await codeOf(arena.accept(invitee.id, token))).toBe('none');
  });
});
