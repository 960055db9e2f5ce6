import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CheckConstraintViolationException, UniqueConstraintViolationException } from '@mikro-orm/core';
import { GlobalUser, genId, InvalidIdError, InvalidInputError, Membership, type TenantCatalog } from 'nestjs-host-database';
import { AuditCapture } from 'nestjs-host-database/audit';
import {
  DuplicateMembershipError,
  LastOwnerError,
  MembershipNotFoundError,
  MembershipsService,
} from 'nestjs-host-database/memberships';
import { TenantNotFoundError } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { UserNotFoundError } from 'nestjs-host-database/users';

describe.each(['sqlite', 'postgresql'] as const)(`${MembershipsService.name} on %s`, (database) => {
  let host: TestHost;
  let sut: MembershipsService;
  let user: GlobalUser;
  let tenant: TenantCatalog;

  beforeAll(async () => {
    host = await createTestHost({ database });
    sut = host.get(MembershipsService);
  });
  afterAll(async () => {
    await host.close();
  });
  beforeEach(async () => {
    user = await host.newUser();
    tenant = await host.newTenant({ provisioned: false });
  });

  const key = () => ({ userId: user.id, tenantId: tenant.id });
  const grant = (role?: 'owner' | 'admin' | 'member') => host.run(() => sut.grant({ ...key(), ...(role && { role }) }));

  it('grants, with the least role by default', async () => {
    const membership = await grant();
    expect(membership).toMatchObject({ role: 'member', isActive: true });
    const found = await host.run(() => sut.getActive(key()));
    expect([found.user.id, found.tenant.id]).toEqual([user.id, tenant.id]);
  });

  it('keeps what the application says of it', async () => {
    const facts = { profileId: 'p-1', metaAttributes: { theme: 'dark', nested: [1, { a: null }] } as object };
    await host.run(() => sut.grant({ ...key(), ...facts }));
    expect(await host.run(() => sut.getActive(key()))).toMatchObject(facts);
  });

  it('refuses a second membership of the same pair, and writes nothing', async () => {
    await grant('admin');
    await expect(grant('owner')).rejects.toBeInstanceOf(DuplicateMembershipError);
    expect((await host.run(() => sut.getActive(key()))).role).toBe('admin');
  });

  it('makes one membership of simultaneous grants', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => grant()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(refusals.every((reason) => reason instanceof DuplicateMembershipError)).toBe(true);
    expect(await host.run(() => sut.findByTenant(tenant.id))).toHaveLength(1);
  });

  it.each([
    ['a user who does not exist', { userId: genId() }, UserNotFoundError],
    ['a tenant that does not exist', { tenantId: genId() }, TenantNotFoundError],
    ['a malformed id', { tenantId: '../../etc/passwd' }, InvalidIdError],
    ['a role that there is not', { role: 'emperor' as 'owner' }, InvalidInputError],
  ])('refuses %s', async (_, facts, error) => {
    await expect(host.run(() => sut.grant({ ...key(), ...facts }))).rejects.toBeInstanceOf(error);
    expect(await host.run(() => sut.find(key()))).toBeNull();
  });

  it('changes the role', async () => {
    await grant();
    await host.run(() => sut.changeRole({ ...key(), role: 'admin' }));
    expect((await host.run(() => sut.getActive(key()))).role).toBe('admin');
    await expect(host.run(() => sut.changeRole({ userId: user.id, tenantId: genId(), role: 'admin' }))).rejects.toBeInstanceOf(
      MembershipNotFoundError,
    );
  });

  it('ends and opens again, in the same row', async () => {
    const { id } = await grant('admin');
    await host.run(() => sut.end(key()));
    await expect(host.run(() => sut.getActive(key()))).rejects.toBeInstanceOf(MembershipNotFoundError);
    expect(await host.run(() => sut.findByUser(user.id))).toEqual([]);
    expect(await grant('member')).toMatchObject({ id, role: 'member', isActive: true });
  });

  describe('the last owner', () => {
    it('can neither leave nor be made less', async () => {
      await grant('owner');
      await expect(host.run(() => sut.end(key()))).rejects.toBeInstanceOf(LastOwnerError);
      await expect(host.run(() => sut.changeRole({ ...key(), role: 'member' }))).rejects.toBeInstanceOf(LastOwnerError);
      expect((await host.run(() => sut.getActive(key()))).role).toBe('owner');
    });

    it('remains when two owners leave at once', async () => {
      const second = await host.newUser();
      await grant('owner');
      await host.newMembership({ userId: second.id, tenantId: tenant.id, role: 'owner' });
      const outcomes = await Promise.allSettled(
        [user, second].map(({ id }) => host.run(() => sut.end({ userId: id, tenantId: tenant.id }))),
      );
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(await host.run(() => sut.findByTenant(tenant.id))).toHaveLength(1);
    });
  });

  it('lists the memberships of a user and of a tenant, with the other side loaded', async () => {
    await grant();
    const [ofUser] = await host.run(() => sut.findByUser(user.id));
    expect(ofUser?.tenant.getEntity().name).toBe(tenant.name);
    const [ofTenant] = await host.run(() => sut.findByTenant(tenant.id));
    expect(ofTenant?.user.getEntity().email).toBe(user.email);
  });

  describe('the table', () => {
    const insert = (facts: object) =>
      host.run(() =>
        host.get(AuditCapture).allowing('the test', (em) =>
          em.insert(Membership, {
            id: genId(),
            user: user.id,
            tenant: tenant.id,
            role: 'member',
            isActive: true,
            createdAt: new Date(),
            ...facts,
          }),
        ),
      );

    it('holds writers past the service to one row for each pair, and to the roles', async () => {
      await insert({});
      await expect(insert({})).rejects.toBeInstanceOf(UniqueConstraintViolationException);
      await expect(insert({ user: genId(), role: 'emperor' })).rejects.toBeInstanceOf(CheckConstraintViolationException);
    });

    it('lets the rows go with their user or tenant', async () => {
      await grant();
      await host.run(() => host.get(AuditCapture).allowing('the test', (em) => em.nativeDelete(GlobalUser, { id: user.id })));
      expect(await host.run(() => host.hostDatabase.memberships.count({ tenant: tenant.id }))).toBe(0);
    });
  });
});
