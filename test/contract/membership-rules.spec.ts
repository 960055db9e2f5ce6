import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IsolationLevel } from '@mikro-orm/core';
import {
  genId,
  GlobalUser,
  InvalidInputError,
  Membership,
  SnapshotIsolationError,
  type TenantCatalog,
} from 'nestjs-host-database';
import { AuditCapture, AuditService } from 'nestjs-host-database/audit';
import { PlansService } from 'nestjs-host-database/billing';
import {
  InvalidMembershipAttributesError,
  LastOwnerError,
  type MembershipChanged,
  MembershipEvents,
  type MembershipRole,
  MembershipsService,
  SeatLimitReachedError,
} from 'nestjs-host-database/memberships';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { UserDeactivatedError, UserNotFoundError, UsersService } from 'nestjs-host-database/users';

/** Takes only the attributes that have a theme, and says of each that it was looked at. */
const attributes = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) =>
      typeof value === 'object' && value !== null && 'theme' in value
        ? { value: { ...value, checked: true } as object }
        : { issues: [{ message: 'is missing', path: ['theme'] }] },
  },
} as const;

const outcomesOf = (outcomes: readonly PromiseSettledResult<unknown>[]) => ({
  fulfilled: outcomes.filter(({ status }) => status === 'fulfilled').length,
  reasons: outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : [])),
});

describe.each(['sqlite', 'postgresql'] as const)('the rules of memberships on %s', (database) => {
  let host: TestHost;
  let sut: MembershipsService;
  let users: UsersService;
  let tenant: TenantCatalog;

  beforeAll(async () => {
    host = await createTestHost({ database, options: { memberships: { attributes }, billing: { limits: { projects: {} } } } });
    [sut, users] = [host.get(MembershipsService), host.get(UsersService)];
  });
  afterAll(async () => {
    await host.close();
  });
  beforeEach(async () => {
    tenant = await host.newTenant({ provisioned: false });
  });

  const of = (userId: string) => ({ userId, tenantId: tenant.id });
  const member = async (role: MembershipRole = 'member'): Promise<string> => {
    const { id } = await host.newUser();
    await host.run(() => sut.grant({ ...of(id), role }));
    return id;
  };
  const membersNow = async () => (await host.run(() => sut.findByTenant(tenant.id))).map(({ user }) => user.id);
  const deactivate = (userId: string) => host.run(() => users.deactivate(userId));

  describe('a tenant keeps an owner', () => {
    it.each([
      ['is deactivated', (id: string) => users.deactivate(id)],
      ['is deleted', (id: string) => users.delete(id)],
      ['leaves', (id: string) => sut.end(of(id))],
      ['is made less', (id: string) => sut.changeRole({ ...of(id), role: 'admin' })],
    ])('when one %s', async (_, go: (id: string) => Promise<unknown>) => {
      const [first, second] = [await member('owner'), await member('owner')];
      await host.run(() => go(first));
      const refused = host.run(() => go(second));
      await expect(refused).rejects.toBeInstanceOf(LastOwnerError);
      await expect(refused).rejects.toMatchObject({ userId: second, tenantIds: [tenant.id] });
      expect(await membersNow()).toContain(second);
      expect((await host.run(() => users.getById(second))).deactivatedAt ?? null).toBeNull();
    });

    it('that is not deactivated: such a one does not count', async () => {
      const [first, second] = [await member('owner'), await member('owner')];
      await deactivate(first);
      for (const go of [
        () => sut.end(of(second)),
        () => sut.changeRole({ ...of(second), role: 'member' }),
        () => users.deactivate(second),
        () => users.delete(second),
      ]) {
        await expect(host.run<unknown>(go)).rejects.toBeInstanceOf(LastOwnerError);
      }
      // The control: once they are back they count again.
      await host.run(() => users.reactivate(first));
      await host.run(() => sut.end(of(second)));
    });

    it('of all tenants that the person owns, and the refusal names them and is recorded', async () => {
      const owner = await member('owner');
      const others = await Promise.all([1, 2].map(() => host.newTenant({ provisioned: false, ownerId: owner })));
      const shared = await host.newTenant({ provisioned: false, ownerId: owner });
      await host.newMembership({ tenantId: shared.id, role: 'owner' });
      const tenantIds = [tenant, ...others].map(({ id }) => id).toSorted();
      await expect(deactivate(owner)).rejects.toMatchObject({ tenantIds });
      const rows = await host.run(() => host.get(AuditService).findByTarget(owner));
      expect(rows.find(({ eventType }) => eventType === 'memberships.refused')).toMatchObject({
        outcome: 'denied',
        details: { action: 'deactivate-user', reason: 'MEMBERSHIPS_LAST_OWNER' },
      });
    });

    it('when two go at once, in whichever ways', async () => {
      const ways = [
        (id: string) => users.deactivate(id),
        (id: string) => users.delete(id),
        (id: string) => sut.end(of(id)),
        (id: string) => sut.changeRole({ ...of(id), role: 'member' }),
      ];
      for (const [index, go] of ways.entries()) {
        for (const other of ways.slice(index)) {
          tenant = await host.newTenant({ provisioned: false });
          const [first, second] = [await member('owner'), await member('owner')];
          const work = [() => go(first), () => other(second)];
          const outcomes = await Promise.allSettled(work.map((one) => host.run<unknown>(one)));
          const { fulfilled, reasons } = outcomesOf(outcomes);
          expect([fulfilled, ...reasons]).toEqual([1, expect.any(LastOwnerError)]);
        }
      }
    });

    it('when it is given to somebody who is deactivated at the same time', async () => {
      for (let round = 0; round < 4; round++) {
        tenant = await host.newTenant({ provisioned: false });
        const [owner, other] = [await member('owner'), await member()];
        const give = () =>
          host.hostDatabase.transactional(async () => {
            await sut.changeRole({ ...of(other), role: 'owner' });
            await sut.end(of(owner));
          });
        const outcomes = await Promise.allSettled([host.run<unknown>(give), deactivate(other)]);
        const { fulfilled, reasons } = outcomesOf(outcomes);
        expect(fulfilled).toBe(1);
        const expected = outcomes[0].status === 'fulfilled' ? LastOwnerError : UserDeactivatedError;
        expect(reasons).toEqual([expect.any(expected)]);
      }
    });

    it('and gets none who is deactivated', async () => {
      await member('owner');
      const { id } = await host.newUser();
      await deactivate(id);
      await expect(host.run(() => sut.grant({ ...of(id), role: 'owner' }))).rejects.toBeInstanceOf(UserDeactivatedError);
      await host.run(() => sut.grant(of(id)));
      const promote = host.run(() => sut.changeRole({ ...of(id), role: 'owner' }));
      await expect(promote).rejects.toBeInstanceOf(UserDeactivatedError);
    });

    it('is not promised to who writes past the services', async () => {
      const owner = await member('owner');
      await host.run(() => host.get(AuditCapture).allowing('the test', (em) => em.nativeDelete(GlobalUser, { id: owner })));
      expect(await membersNow()).toEqual([]);
    });
  });

  it('counts what others have committed: REPEATABLE READ is refused', async () => {
    const owner = await member('owner');
    await member('owner');
    const at = (isolationLevel: IsolationLevel) =>
      host.run(() => host.hostDatabase.transactional(() => sut.end(of(owner)), { isolationLevel }));
    const refused = await at(IsolationLevel.REPEATABLE_READ).catch((error: unknown) => error);
    // SQLite has one level, and is alone.
    expect(refused).toBeInstanceOf({ postgresql: SnapshotIsolationError, sqlite: Membership }[database]);
    const another = await member('owner');
    await host.run(() =>
      host.hostDatabase.transactional(() => sut.end(of(another)), { isolationLevel: IsolationLevel.SERIALIZABLE }),
    );
    expect(await membersNow()).not.toContain(another);
  });

  describe('a user', () => {
    it('is deactivated and reactivated, once', async () => {
      const id = await member();
      const { deactivatedAt } = await deactivate(id);
      expect(deactivatedAt).toEqual(host.clock.now());
      host.clock.advance(1_000);
      expect((await deactivate(id)).deactivatedAt).toEqual(deactivatedAt);
      expect((await host.run(() => users.reactivate(id))).deactivatedAt).toBeNull();
      expect(await membersNow()).toEqual([id]);
      await expect(deactivate(genId())).rejects.toBeInstanceOf(UserNotFoundError);
    });

    it('goes with all memberships, each of which is recorded', async () => {
      await member('owner');
      const id = await member();
      const membership = await host.run(() => sut.getActive(of(id)));
      await host.run(() => users.delete(id));
      await expect(host.run(() => users.getById(id))).rejects.toBeInstanceOf(UserNotFoundError);
      const rows = await host.run(() => host.get(AuditService).findByTarget(membership.id));
      expect(rows.map(({ eventType }) => eventType)).toContain('memberships.deleted');
      await expect(host.run(() => users.delete(id))).rejects.toBeInstanceOf(UserNotFoundError);
    });
  });

  describe('seats', () => {
    const limitTo = async (limits: Record<string, number> | null) => {
      const planTier = `plan-${genId()}`;
      await host.run(() => host.get(PlansService).upsert(planTier, { name: 'Small', limits }));
      tenant = await host.newTenant({ provisioned: false, planTier });
    };

    it('are as many as the plan says; who leaves makes one free', async () => {
      await limitTo({ seats: 2 });
      const [first] = [await member('owner'), await member()];
      await expect(member()).rejects.toMatchObject({ tenantId: tenant.id, limit: 2 });
      const second = (await membersNow()).find((id) => id !== first) ?? '';
      await host.run(() => sut.end(of(second)));
      await member();
      // Coming back takes a seat, too.
      await expect(host.run(() => sut.grant(of(second)))).rejects.toBeInstanceOf(SeatLimitReachedError);
    });

    it('are not limited where the plan says nothing, or there is none', async () => {
      for (const limits of [null, {}, { projects: 1 }] as (Record<string, number> | null)[]) {
        await limitTo(limits);
        await Promise.all(Array.from({ length: 3 }, () => member()));
        expect(await membersNow()).toHaveLength(3);
      }
      tenant = await host.newTenant({ provisioned: false, planTier: 'never-made' });
      expect(await membersNow()).not.toContain(await member());
      expect(await membersNow()).toHaveLength(1);
    });

    it('are never more, of simultaneous grants either', async () => {
      await limitTo({ seats: 3 });
      const { fulfilled, reasons } = outcomesOf(await Promise.allSettled(Array.from({ length: 8 }, () => member())));
      expect(fulfilled).toBe(3);
      expect(reasons.every((reason) => reason instanceof SeatLimitReachedError)).toBe(true);
      expect(await membersNow()).toHaveLength(3);
    });

    it('keep those who are there when the plan shrinks', async () => {
      await limitTo({ seats: 2 });
      await Promise.all([member(), member()]);
      await host.run(() => host.get(PlansService).upsert(tenant.planTier, { limits: { seats: 1 } }));
      expect(await membersNow()).toHaveLength(2);
      await expect(member()).rejects.toMatchObject({ limit: 1 });
    });

    it.each([-1, 1.5, Number.NaN])('are no plan with %d of them', async (seats) => {
      const upsert = host.run(() => host.get(PlansService).upsert('wrong', { name: 'Wrong', limits: { seats } }));
      await expect(upsert).rejects.toBeInstanceOf(InvalidInputError);
    });
  });

  describe('attributes', () => {
    it('are what the schema makes of them', async () => {
      const id = await member();
      await host.run(() => sut.setAttributes({ ...of(id), attributes: { theme: 'dark' } as object }));
      const found = await host.run(() => sut.getActive(of(id)));
      expect(found.metaAttributes).toEqual({ theme: 'dark', checked: true });
    });

    it('are refused where the schema does not like them, and nothing is written', async () => {
      const id = await member();
      const set = host.run(() => sut.setAttributes({ ...of(id), attributes: { colour: 'red' } as object }));
      await expect(set).rejects.toMatchObject({ problems: ['theme: is missing'] });
      const { id: another } = await host.newUser();
      const granted = host.run(() => sut.grant({ ...of(another), metaAttributes: { colour: 'red' } as object }));
      await expect(granted).rejects.toBeInstanceOf(InvalidMembershipAttributesError);
      expect(await host.run(() => sut.find(of(another)))).toBeNull();
    });

    it('are an object', async () => {
      const plain = await createTestHost({ database });
      const { user, tenant: their } = await plain.newMembership();
      const set = (given: unknown) =>
        plain.run(() =>
          plain.get(MembershipsService).setAttributes({ userId: user.id, tenantId: their.id, attributes: given as object }),
        );
      await expect(set(['a'])).rejects.toBeInstanceOf(InvalidMembershipAttributesError);
      await expect(set(new Map([['a', () => 1]]).get('a'))).rejects.toBeInstanceOf(InvalidInputError);
      expect((await set({ theme: 'dark' })).metaAttributes).toEqual({ theme: 'dark' });
      await plain.close();
    });
  });

  it('tells of each change of a membership once it is committed', async () => {
    const told: MembershipChanged[] = [];
    const stop = host.get(MembershipEvents).onChanged((event) => void told.push(event));
    const [owner, other] = [await member('owner'), await member()];
    await host.run(() => sut.changeRole({ ...of(other), role: 'admin' }));
    await host.run(() => sut.setProfile({ ...of(other), profileId: 'p' }));
    await expect(host.run(() => sut.end(of(owner)))).rejects.toBeInstanceOf(LastOwnerError);
    await deactivate(other);
    await host.run(() => sut.end(of(other)));
    stop();
    await member();
    expect(told).toEqual([of(owner), of(other), of(other), of(other), of(other), of(other)]);
  });

  it('hears of changes though another listener fails', async () => {
    const told: MembershipChanged[] = [];
    const events = host.get(MembershipEvents);
    const ends = [
      events.onChanged(() => {
        throw new Error('on purpose');
      }),
      events.onChanged((event) => void told.push(event)),
    ];
    const id = await member();
    for (const end of ends) end();
    expect(told).toEqual([of(id)]);
    expect(await host.run(() => host.hostDatabase.em.count(Membership, { tenant: tenant.id }))).toBe(1);
  });
});
