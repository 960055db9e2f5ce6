import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CheckConstraintViolationException } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { genId, InvalidInputError, TenantCatalog } from 'nestjs-host-database';
import { AuditCapture } from 'nestjs-host-database/audit';
import { JobsService } from 'nestjs-host-database/jobs';
import { MembershipsService } from 'nestjs-host-database/memberships';
import {
  DuplicateSlugError,
  DuplicateTenantDatabaseError,
  IdempotencyConflictError,
  TenantActivationTimeoutError,
  TenantEvents,
  TenantNotActiveError,
  TenantNotFoundError,
  TenantsService,
  TenantStatusConflictError,
  WaitInTransactionError,
} from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { UserNotFoundError, UsersService } from 'nestjs-host-database/users';

describe.each(['sqlite', 'postgresql'] as const)(`${TenantsService.name} on %s`, (database) => {
  let host: TestHost;
  let sut: TenantsService;

  beforeAll(async () => {
    host = await createTestHost({ database });
    sut = host.get(TenantsService);
  });
  afterAll(async () => {
    await host.close();
  });

  const countTenants = () => host.run(() => host.hostDatabase.tenantCatalogs.count());

  describe('create', () => {
    it('registers the tenant, its owner and the job that provisions it', async () => {
      const owner = await host.newUser();
      const tenant = await host.run(() =>
        sut.create({ name: ' Acme ', slug: `acme-${genId()}`.slice(0, 63), ownerId: owner.id }),
      );
      expect(tenant).toMatchObject({ name: 'Acme', planTier: 'free', isActive: false, status: 'provisioning' });
      const membership = await host.run(() => host.get(MembershipsService).getActive({ userId: owner.id, tenantId: tenant.id }));
      expect(membership.role).toBe('owner');
      expect(await host.run(() => host.hostDatabase.systemJobs.count({ tenantId: tenant.id, status: 'pending' }))).toBe(1);

      expect(await host.runJobs()).toBeGreaterThanOrEqual(1);
      const active = await host.run(() => sut.whenActive(tenant.id));
      expect(active).toMatchObject({ id: tenant.id, status: 'active', isActive: true });
    });

    it('writes no password into the address of the database', async () => {
      const { dbUrl } = await host.newTenant();
      expect(dbUrl).toMatch(/^(sqlite|postgresql):\/\//);
      expect(dbUrl).not.toContain('@');
    });

    it.each([
      ['an owner who does not exist', { ownerId: genId() }, UserNotFoundError],
      ['an empty name', { name: '  ' }, InvalidInputError],
      ['a name that PostgreSQL could not store', { name: 'a\0b' }, InvalidInputError],
      ['a slug that could not be a subdomain', { slug: 'Not a slug' }, InvalidInputError],
    ])('refuses %s, and writes nothing', async (_, facts, error) => {
      const before = await countTenants();
      await expect(host.run(() => sut.create({ name: 'Acme', ...facts }))).rejects.toBeInstanceOf(error);
      expect(await countTenants()).toBe(before);
    });

    it('refuses a slug that is taken, and enqueues no job', async () => {
      const slug = `s${genId()}`;
      await host.newTenant({ slug });
      const jobs = () => host.run(() => host.hostDatabase.systemJobs.count());
      const before = await jobs();
      await expect(host.run(() => sut.create({ name: 'Other', slug }))).rejects.toBeInstanceOf(DuplicateSlugError);
      expect(await jobs()).toBe(before);
      expect(await host.run(async () => (await sut.findBySlug(slug))?.slug)).toBe(slug);
    });
  });

  describe('create with an idempotency key', () => {
    const countJobs = (tenantId: string) => host.run(() => host.hostDatabase.systemJobs.count({ tenantId }));

    it('returns the tenant that the first request made, and makes nothing', async () => {
      const facts = { name: 'Acme', slug: `s${genId()}`, planTier: 'pro', idempotencyKey: genId() };
      const first = await host.run(() => sut.create(facts));
      const before = await countTenants();
      const again = await host.run(() => sut.create({ ...facts, name: ' Acme ' }));
      expect(again).toMatchObject({ id: first.id, slug: facts.slug, planTier: 'pro' });
      expect(await countTenants()).toBe(before);
      expect(await countJobs(first.id)).toBe(1);
    });

    it('leaves the transaction of the caller alone', async () => {
      const facts = { name: 'Acme', idempotencyKey: genId() };
      const { id } = await host.run(() => sut.create(facts));
      const email = `${genId()}@example.com`;
      const ids = await host.run(() =>
        host.hostDatabase.transactional(async () => {
          const again = await sut.create(facts);
          const user = await host.get(UsersService).create({ email });
          return [again.id, user.email];
        }),
      );
      expect(ids).toEqual([id, email]);
      expect(await host.run(() => host.hostDatabase.globalUsers.count({ email }))).toBe(1);
    });

    it('makes one of many at once', async () => {
      const facts = { name: 'Acme', slug: `s${genId()}`, idempotencyKey: genId() };
      const made = await Promise.all(Array.from({ length: 10 }, () => host.run(async () => (await sut.create(facts)).id)));
      expect(new Set(made).size).toBe(1);
      expect(await countJobs(made[0] ?? '')).toBe(1);
    });

    it('forgets the key of a request that was rolled back', async () => {
      const slug = `s${genId()}`;
      await host.newTenant({ slug, provisioned: false });
      const idempotencyKey = genId();
      await expect(host.run(() => sut.create({ name: 'Acme', slug, idempotencyKey }))).rejects.toBeInstanceOf(DuplicateSlugError);
      expect(await host.run(() => sut.create({ name: 'Acme', slug: `s${genId()}`, idempotencyKey }))).toMatchObject({
        name: 'Acme',
      });
    });

    it.each([
      ['another name', { name: 'Globex' }],
      ['another plan', { planTier: 'pro' }],
      ['another place', { placement: { server: 'host' } }],
    ])('refuses the key for %s', async (_, other) => {
      const idempotencyKey = genId();
      const { id } = await host.run(() => sut.create({ name: 'Acme', idempotencyKey }));
      const refused = host.run(() => sut.create({ name: 'Acme', idempotencyKey, ...other }));
      await expect(refused).rejects.toBeInstanceOf(IdempotencyConflictError);
      await expect(refused).rejects.toMatchObject({ code: 'TENANTS_IDEMPOTENCY_CONFLICT', tenantId: id });
    });

    it.each(['', ' padded ', 'x'.repeat(256)])('refuses %j as a key', async (idempotencyKey) => {
      await expect(host.run(() => sut.create({ name: 'Acme', idempotencyKey }))).rejects.toBeInstanceOf(InvalidInputError);
    });
  });

  describe('whenActive', () => {
    it('gives up after its time', async () => {
      const tenant = await host.newTenant({ provisioned: false });
      await expect(host.run(() => sut.whenActive(tenant.id, { timeoutMs: 1 }))).rejects.toBeInstanceOf(
        TenantActivationTimeoutError,
      );
    });

    it('is refused inside a transaction', async () => {
      const { id } = await host.newTenant({ provisioned: false });
      const waiting = host.run(() => host.hostDatabase.transactional(() => sut.whenActive(id)));
      await expect(waiting).rejects.toBeInstanceOf(WaitInTransactionError);
    });

    it('hears of the activation while it waits', async () => {
      const { id } = await host.newTenant({ provisioned: false });
      const waiting = host.run(() => sut.whenActive(id));
      await host.runJobs();
      expect((await waiting).isActive).toBe(true);
    });

    it('refuses a tenant that is suspended or does not exist', async () => {
      const { id } = await host.newTenant();
      await host.run(() => sut.suspend(id));
      await expect(host.run(() => sut.whenActive(id))).rejects.toMatchObject({ code: 'TENANTS_NOT_ACTIVE', status: 'suspended' });
      await expect(host.run(() => sut.whenActive(genId()))).rejects.toBeInstanceOf(TenantNotFoundError);
    });
  });

  describe('the status', () => {
    it('goes from active to suspended and back, and nowhere else', async () => {
      const { id } = await host.newTenant();
      await expect(host.run(() => sut.reactivate(id))).rejects.toBeInstanceOf(TenantStatusConflictError);
      expect(await host.run(() => sut.suspend(id))).toMatchObject({ status: 'suspended', isActive: false });
      await expect(host.run(() => sut.suspend(id))).rejects.toBeInstanceOf(TenantStatusConflictError);
      expect(await host.run(() => sut.reactivate(id))).toMatchObject({ status: 'active', isActive: true });
      await expect(host.run(() => sut.suspend(genId()))).rejects.toBeInstanceOf(TenantNotFoundError);
    });

    it('counts an active tenant whose flag was taken back as suspended', async () => {
      const { id } = await host.newTenant();
      await host.run(async () => {
        (await sut.getById(id)).isActive = false;
      });
      await expect(host.run(() => sut.whenActive(id))).rejects.toBeInstanceOf(TenantNotActiveError);
    });

    it('is not given to a database that another tenant has, or of another kind', async () => {
      const { dbUrl } = await host.newTenant();
      const { id } = await host.newTenant({ provisioned: false });
      await expect(host.run(() => sut.activate(id, dbUrl ?? ''))).rejects.toBeInstanceOf(DuplicateTenantDatabaseError);
      await expect(host.run(() => sut.activate(id, 'mysql://localhost/x'))).rejects.toMatchObject({
        code: 'DATABASE_CONFIG_INVALID',
      });
    });

    it('says nothing of the tables at an address where the tenant has not been before', async () => {
      const { dbUrl } = await host.newTenant();
      const { id } = await host.newTenant({ provisioned: false });
      const activate = (name: string, facts = {}) =>
        host.run(() => sut.activate(id, (dbUrl ?? '').replace(/[0-9a-f]{32}/, `${name}_${id}`), facts));
      const known = { schemaVersion: 'Migration1', schemaDigest: 'd1' };
      expect(await activate('here', known)).toMatchObject({ ...known, generation: 1 });
      await host.run(() => sut.suspend(id));
      expect(await activate('here')).toMatchObject(known);
      await host.run(() => sut.suspend(id));
      expect(await activate('there')).toMatchObject({ schemaVersion: null, schemaDigest: null, generation: 2 });
    });

    it('keeps what the caller has changed of the tenant', async () => {
      const { id } = await host.newTenant();
      await host.run(async () => {
        (await sut.getById(id)).name = 'Renamed';
        await sut.suspend(id);
      });
      expect(await host.run(() => sut.getById(id))).toMatchObject({ name: 'Renamed', status: 'suspended' });
    });

    it('is told to all listeners, whatever one of them throws', async () => {
      const { id } = await host.newTenant();
      const heard: string[] = [];
      const stop = [
        host.get(TenantEvents).onStatusChanged(() => {
          throw new Error('a broken listener');
        }),
        host.get(TenantEvents).onStatusChanged(({ status }) => heard.push(status)),
      ];
      await host.run(() => sut.suspend(id));
      expect(heard).toEqual(['suspended']);
      for (const end of stop) end();
    });

    it('is checked by the database', async () => {
      const insert = host.run(() =>
        host.get(AuditCapture).allowing('the test', (em) =>
          em.insert(TenantCatalog, {
            name: 'x',
            status: 'provisioning',
            isActive: true,
            createdAt: new Date(),
            statusChangedAt: new Date(),
            id: genId(),
          }),
        ),
      );
      await expect(insert).rejects.toBeInstanceOf(CheckConstraintViolationException);
      const unknown = host.run(() =>
        host.get(AuditCapture).allowing('the test', (em) => em.execute(`update core_tenants set status = 'asleep'`)),
      );
      await expect(unknown).rejects.toBeInstanceOf(CheckConstraintViolationException);
    });
  });

  describe('a provisioning that fails', () => {
    it('marks the tenant, keeps the error on the job, and can be tried again', async () => {
      const broken = await createTestHost({
        database,
        options: { tenantDatabases: { migrations: { migrationsList: [BrokenMigration] } } },
      });
      const service = broken.get(TenantsService);
      const { id } = await broken.newTenant({ provisioned: false });
      expect(await broken.runJobs()).toBe(1);
      await expect(broken.run(() => service.whenActive(id))).rejects.toMatchObject({ status: 'failed' });
      const [job] = await broken.run(() => broken.hostDatabase.systemJobs.find({ tenantId: id }));
      expect(job).toMatchObject({ status: 'failed', errorLog: expect.stringContaining('no_such_table') });

      await broken.run(() => service.retryProvisioning(id));
      expect(await broken.runJobs()).toBe(1);
      expect(await broken.run(async () => (await broken.get(JobsService).getById(job?.id ?? '')).status)).toBe('failed');
      await broken.close();
    });
  });
});

class BrokenMigration extends Migration {
  override up(): void {
    this.addSql('insert into no_such_table values (1)');
  }
}
