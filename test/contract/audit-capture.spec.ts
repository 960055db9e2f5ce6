import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { EntityManager, type EventSubscriber } from '@mikro-orm/core';
import { SqlEntityManager } from '@mikro-orm/sql';
import {
  genId,
  GlobalUser,
  type HostAuditLog,
  HostDatabase,
  Membership,
  PricingPlan,
  Subscription,
  SystemJob,
  TenantCatalog,
} from 'nestjs-host-database';
import {
  AuditCapture,
  AuditedEntities,
  AuditService,
  UnauditableEntityError,
  UnauditedWriteError,
} from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { SqlConversation } from '../support/sql-conversation.js';
import { endLife } from '../support/tenant-lives.js';

/** A write that does not come by a flush. `given` is a user that exists, `fresh` one that does not. */
type DirectWrite = (em: SqlEntityManager, given: GlobalUser, fresh: ReturnType<typeof newRow>) => Promise<unknown>;

const newRow = () => ({ id: genId(), email: `${genId()}@example.com`, isSysAdmin: false, createdAt: new Date() });

/** The write paths of MikroORM that a flush does not see. */
const PATHS: Record<string, DirectWrite> = {
  nativeUpdate: (em, { id }) => em.nativeUpdate(GlobalUser, { id }, { isSysAdmin: true }),
  nativeDelete: (em, { id }) => em.nativeDelete(GlobalUser, { id }),
  upsert: (em, _, fresh) => em.upsert(GlobalUser, fresh),
  upsertMany: (em, { id, email, createdAt }, fresh) =>
    em.upsertMany(GlobalUser, [fresh, { id, email, createdAt, isSysAdmin: true }]),
  insert: (em, _, fresh) => em.insert(GlobalUser, fresh),
  insertMany: (em, _, fresh) => em.insertMany(GlobalUser, [fresh, newRow()]),
  'a query builder': (em, { id }) => em.createQueryBuilder(GlobalUser).update({ isSysAdmin: true }).where({ id }).execute(),
  execute: (em, { id }) => em.execute('update core_users set is_sys_admin = true where id = ?', [id]),
};

/** The same paths in other words. */
const VARIANTS: Record<string, DirectWrite> = {
  'the delete of a query builder': (em, { id }) => em.qb(GlobalUser).delete({ id }).execute(),
  'the insert of a query builder': (em, _, fresh) => em.createQueryBuilder(GlobalUser).insert(fresh).execute(),
  "a repository's nativeUpdate": (em, { id }) => em.getRepository(GlobalUser).nativeUpdate({ id }, { isSysAdmin: true }),
  'raw SQL in other clothes': (em, { id }) =>
    em.execute('/* a */ UPDATE/**/"core_users" set is_sys_admin = true where id = ?', [id]),
  'raw SQL on the connection': (em, { id }) =>
    em.getConnection().execute('delete from core_users where id = ?', [id], 'run', em.getTransactionContext()),
  kysely: (em, { id }) => em.getKysely<{ core_users: { id: string } }>().deleteFrom('core_users').where('id', '=', id).execute(),
};

/** SQLite has no writes inside a `with`, and streams nothing but selects. */
const POSTGRESQL_VARIANTS: Record<string, DirectWrite> = {
  'a write inside a with': (em, { id }) =>
    em.execute('with gone as (delete from core_users where id = ? returning id) select id from gone', [id]),
  'a stream': async (em, { id }) => {
    const sql = 'with gone as (delete from core_users where id = ? returning id) select id from gone';
    for await (const row of em.getConnection().stream<{ id: string }>(sql, [id], em.getTransactionContext())) void row;
  },
};

describe.each(['sqlite', 'postgresql'] as const)(`${AuditCapture.name} on %s`, (database) => {
  const conversation = new SqlConversation();
  let host: TestHost;
  let sut: AuditCapture;

  beforeAll(async () => {
    host = await createTestHost({ database, mikroOrm: conversation.mikroOrm });
    sut = host.get(AuditCapture);
  });
  afterAll(async () => {
    await host.close();
  });

  const inHost = <T>(work: (em: SqlEntityManager) => T | Promise<T>) => host.run(() => work(host.hostDatabase.em));
  const events = (targetId: string): Promise<HostAuditLog[]> =>
    host.run(async () => (await host.get(AuditService).findByTarget(targetId)).toReversed());
  const outlines = async (targetId: string) =>
    (await events(targetId)).map(({ eventType, details }) => Object.assign({ eventType }, details));
  const users = () => inHost((em) => em.execute('select * from core_users order by id'));
  const bypasses = () =>
    inHost(async () => (await host.hostDatabase.auditLogs.find({ eventType: 'audit.capture-bypassed' })).length);

  describe('the flush', () => {
    it('records what was created, with all its fields', async () => {
      const row = newRow();
      await inHost((em) => void em.create(GlobalUser, { ...row, createdAt: new Date(0) }));
      expect(await outlines(row.id)).toMatchObject([
        {
          eventType: 'users.created',
          before: null,
          after: { id: row.id, email: row.email, isSysAdmin: false, createdAt: '1970-01-01T00:00:00.000Z' },
        },
      ]);
    });

    it('records what was changed, with the changed fields alone', async () => {
      const { id } = await host.newUser();
      await inHost(async (em) => {
        const user = await em.findOneOrFail(GlobalUser, { id });
        user.isSysAdmin = true;
        user.lastLogin = new Date('2026-10-25T00:30:00.123Z');
      });
      const [, update] = await outlines(id);
      expect(update).toEqual({
        eventType: 'users.updated',
        before: { isSysAdmin: false, lastLogin: null },
        after: { isSysAdmin: true, lastLogin: '2026-10-25T00:30:00.123Z' },
      });
    });

    it('records what was removed, with all its fields', async () => {
      const { id, email } = await host.newUser({ oauthId: genId() });
      await inHost(async (em) => void em.remove(await em.findOneOrFail(GlobalUser, { id })));
      const [, removal] = await outlines(id);
      expect(removal).toMatchObject({ eventType: 'users.deleted', before: { id, email, stripeCustId: null }, after: null });
    });

    it('records nothing where nothing changed', async () => {
      const { id } = await host.newUser();
      await inHost(async (em) => {
        const user = await em.findOneOrFail(GlobalUser, { id });
        user.isSysAdmin = true;
        user.isSysAdmin = false;
      });
      expect(await events(id)).toHaveLength(1);
    });

    it('reads what was never loaded: an update and a removal through references', async () => {
      const [changed, removed] = [await host.newUser(), await host.newUser()];
      await inHost((em) => {
        em.assign(em.getReference(GlobalUser, changed.id), { stripeCustId: `cus_${changed.id}` });
        em.remove(em.getReference(GlobalUser, removed.id));
      });
      expect((await outlines(changed.id))[1]).toMatchObject({ before: { stripeCustId: null } });
      expect((await outlines(removed.id))[1]).toMatchObject({ before: { email: removed.email } });
    });

    it('records each of several flushes in one transaction', async () => {
      const row = newRow();
      await inHost((em) =>
        em.transactional(async () => {
          const user = em.create(GlobalUser, row);
          await em.flush();
          user.isSysAdmin = true;
          await em.flush();
          user.isSysAdmin = false;
        }),
      );
      expect((await events(row.id)).map(({ eventType }) => eventType)).toEqual([
        'users.created',
        'users.updated',
        'users.updated',
      ]);
    });

    it('records a unique value that moves from one row to another', async () => {
      const [from, to] = [await host.newUser({ oauthId: genId() }), await host.newUser()];
      await inHost(async (em) => {
        const [giver, taker] = [await em.findOneOrFail(GlobalUser, from.id), await em.findOneOrFail(GlobalUser, to.id)];
        taker.oauthId = giver.oauthId ?? null;
        giver.oauthId = null;
      });
      expect((await outlines(from.id))[1]).toMatchObject({ before: { oauthId: from.oauthId }, after: { oauthId: null } });
      expect((await outlines(to.id))[1]).toMatchObject({ before: { oauthId: null }, after: { oauthId: from.oauthId } });
    });

    it('records the rows that the database would delete along with another', async () => {
      const membership = await host.newMembership();
      const { id } = membership.user;
      await inHost(async (em) => void em.remove(await em.findOneOrFail(GlobalUser, { id })));
      expect((await outlines(membership.id))[1]).toMatchObject({ eventType: 'memberships.deleted', before: { user: id } });
      expect(await inHost((em) => em.count(Membership, { id: membership.id }))).toBe(0);
    });

    it('records the host entities under the names of their rooms', async () => {
      const tenant = await host.newTenant({ provisioned: false });
      const plan = `plan-${genId()}`;
      const subscription = genId();
      await inHost(async (em) => {
        em.create(PricingPlan, { id: plan, name: 'Plan', features: ['export'] });
        em.create(Subscription, { id: subscription, tenant: tenant.id, planTier: plan, status: 'active' });
      });
      expect((await outlines(plan))[0]).toMatchObject({ eventType: 'plans.created', after: { features: ['export'] } });
      expect((await outlines(subscription))[0]).toMatchObject({
        eventType: 'subscriptions.created',
        after: { tenant: tenant.id },
      });
      const [created] = await outlines(tenant.id);
      expect(created).toMatchObject({ eventType: 'tenants.created' });
    });

    it('never shows a secret, only that it changed', async () => {
      const [first, second] = [`$argon2id$${genId()}`, `$argon2id$${genId()}`];
      const { id } = await host.newUser({ passwordHash: first });
      await inHost(async (em) => {
        const user = await em.findOneOrFail(GlobalUser, { id });
        user.passwordHash = second;
      });
      const tenant = await host.newTenant({ provisioned: false });
      const dbUrl = `sqlite:${genId()}.db`;
      await inHost(async (em) => {
        (await em.findOneOrFail(TenantCatalog, { id: tenant.id })).dbUrl = dbUrl;
      });
      await inHost(async (em) => {
        em.remove(await em.findOneOrFail(GlobalUser, { id }));
        em.remove(await endLife(em, tenant.id));
      });
      const [created, updated, removed] = await outlines(id);
      expect(created).toMatchObject({ after: { passwordHash: '[redacted]' } });
      expect(updated).toMatchObject({ before: { passwordHash: '[redacted]' }, after: { passwordHash: '[redacted]' } });
      expect(removed).toMatchObject({ eventType: 'users.deleted' });
      expect((await outlines(tenant.id)).at(-1)).toMatchObject({ eventType: 'tenants.deleted' });
      expect(await outlines(tenant.id)).toContainEqual(
        expect.objectContaining({ before: expect.objectContaining({ dbUrl: '[redacted]' }) }),
      );
      const everything = JSON.stringify(await inHost((em) => em.execute('select * from sys_audit_logs')));
      expect(everything).toContain(tenant.id);
      for (const secret of [first, second, dbUrl]) expect(everything).not.toContain(secret);
    });

    it('leaves neither the change nor its record behind a throw', async () => {
      const row = newRow();
      const work = inHost((em) =>
        em.transactional(async () => {
          em.create(GlobalUser, row);
          await em.flush();
          expect(await em.count(GlobalUser, { id: row.id })).toBe(1);
          expect(await host.hostDatabase.auditLogs.count({ targetId: row.id })).toBe(1);
          throw new Error('no');
        }),
      );
      await expect(work).rejects.toThrow('no');
      expect(await inHost((em) => em.count(GlobalUser, { id: row.id }))).toBe(0);
      expect(await events(row.id)).toEqual([]);
    });

    it('is refused where the record cannot be made: in a fork whose subscribers were taken away', async () => {
      const row = newRow();
      const flush = (options: { freshEventManager: boolean }) =>
        inHost(async (em) => {
          const fork = em.fork(options);
          fork.create(GlobalUser, row);
          await fork.flush();
        });
      await expect(flush({ freshEventManager: true })).rejects.toMatchObject({ code: 'AUDIT_UNAUDITED_WRITE' });
      expect(await events(row.id)).toEqual([]);
      await flush({ freshEventManager: false });
      expect(await events(row.id)).toHaveLength(1);
    });

    it('is refused where a subscriber adds an audited row after the record was made', async () => {
      const row = newRow();
      const subscriber: EventSubscriber = {
        onFlush: ({ em, uow }) => uow.computeChangeSet(em.create(GlobalUser, row, { persist: false })),
      };
      const work = inHost(async (em) => {
        const fork = em.fork({ cloneEventManager: true });
        fork.getEventManager().registerSubscriber(subscriber);
        fork.create(PricingPlan, { id: `plan-${genId()}`, name: 'Plan', features: [] });
        await fork.flush();
      });
      await expect(work).rejects.toMatchObject({ code: 'AUDIT_UNAUDITED_WRITE', tables: ['core_users'] });
    });

    it('does not even begin where there is nothing to flush', async () => {
      const { id } = await host.newUser();
      const flush = jest.spyOn(host.hostDatabase.em, 'flush');
      conversation.begin();
      await inHost((em) => em.findOne(GlobalUser, { id }));
      expect([conversation.said, flush.mock.calls.length]).toEqual([['select core_users'], 0]);
      await inHost(async (em) => Object.assign(await em.findOneOrFail(GlobalUser, { id }), { isSysAdmin: true }));
      expect(flush).toHaveBeenCalledTimes(1);
      flush.mockRestore();
    });
  });

  describe.each(Object.entries({ ...PATHS, ...VARIANTS, ...(database === 'postgresql' && POSTGRESQL_VARIANTS) }))(
    '%s',
    (_, write) => {
      it('is refused, and writes nothing', async () => {
        const given = await host.newUser();
        const before = await users();
        for (const work of [
          () => inHost((em) => write(em, given, newRow())),
          () => inHost((em) => em.transactional(() => write(em, given, newRow()))),
        ]) {
          await expect(work()).rejects.toMatchObject({ code: 'AUDIT_UNAUDITED_WRITE', tables: ['core_users'] });
        }
        expect(await users()).toEqual(before);
      });

      it('passes where it is allowed, and the reason is recorded', async () => {
        const given = await host.newUser();
        const before = await users();
        const reason = `repair ${genId()}`;
        await host.run(() => sut.allowing(reason, (em) => write(em, given, newRow())));
        expect(await users()).not.toEqual(before);
        const logs = await inHost(() => host.hostDatabase.auditLogs.find({ eventType: 'audit.capture-bypassed' }));
        expect(logs.filter(({ details }) => details?.['reason'] === reason).map(({ details }) => details)).toEqual([
          { reason, tables: ['core_users'] },
        ]);
      });
    },
  );

  it('knows every method of the EntityManager that writes past a flush', () => {
    const prototypes = [EntityManager.prototype, SqlEntityManager.prototype];
    const methods = prototypes.flatMap((prototype) => Object.getOwnPropertyNames(prototype));
    const writing = methods.filter((name) => /^(insert|upsert|update|delete|native|execute|replace|truncate)/.test(name));
    expect(writing.filter((name) => !(name in PATHS))).toEqual([]);
  });

  describe('the guard', () => {
    it('lets everything else pass: reads, and writes of other tables', async () => {
      const { id } = await host.newUser();
      await inHost(async (em) => {
        const read = (inner: SqlEntityManager) => inner.execute('select id from core_users where id = ?', [id]);
        expect(await em.transactional(read)).toEqual([{ id }]);
        expect(await em.createQueryBuilder(GlobalUser).where({ id }).getSingleResult()).toMatchObject({ id });
        expect(await em.nativeUpdate(SystemJob, { id }, { jobType: 'delete from core_users' })).toBe(0);
        expect(await em.execute("select 'delete from core_users' as text")).toEqual([{ text: 'delete from core_users' }]);
      });
    });
  });

  describe('allowing', () => {
    const update = (em: SqlEntityManager, id: string) => em.nativeUpdate(GlobalUser, { id }, { isSysAdmin: true });
    const isSysAdmin = (id: string) => inHost(async (em) => (await em.findOneOrFail(GlobalUser, { id })).isSysAdmin);

    it('rolls back with its event', async () => {
      const { id } = await host.newUser();
      const before = await bypasses();
      const work = inHost((em) =>
        em.transactional(async () => {
          await sut.allowing('a repair', (allowed) => update(allowed, id));
          throw new Error('no');
        }),
      );
      await expect(work).rejects.toThrow('no');
      expect([await isSysAdmin(id), await bypasses()]).toEqual([false, before]);
    });

    it('records nothing where nothing was bypassed', async () => {
      const before = await bypasses();
      const row = newRow();
      await host.run(() => sut.allowing('an import', (em) => void em.create(GlobalUser, row)));
      expect(await bypasses()).toBe(before);
      expect(await events(row.id)).toHaveLength(1);
    });

    it('needs a reason', async () => {
      await expect(host.run(() => sut.allowing(' ', () => undefined))).rejects.toMatchObject({ code: 'COMMON_INVALID_INPUT' });
    });

    it('ends with its work, for what that has started and not awaited too', async () => {
      const { id } = await host.newUser();
      const work = inHost((em) =>
        em.transactional(async () => {
          const ended = Promise.withResolvers<void>();
          const late = await sut.allowing('a repair', async (allowed) => {
            await update(allowed, id);
            return { write: ended.promise.then(() => update(allowed, id)) };
          });
          ended.resolve();
          await late.write;
        }),
      );
      await expect(work).rejects.toBeInstanceOf(UnauditedWriteError);
      expect(await isSysAdmin(id)).toBe(false);
    });

    // SQLite has one connection, which the transaction holds.
    if (database === 'postgresql') {
      it('does not reach another connection, whose writes would stay where its event is rolled back', async () => {
        const { id } = await host.newUser();
        const work = host.run(() => sut.allowing('a repair', (em) => update(em.fork(), id)));
        await expect(work).rejects.toBeInstanceOf(UnauditedWriteError);
        expect(await isSysAdmin(id)).toBe(false);
      });
    }
  });

  describe('register', () => {
    it.each([
      ['is registered already', GlobalUser],
      ['is no entity of the database', HostDatabase],
    ])('refuses what %s', (problem, entity) => {
      const registered = () => host.get(AuditedEntities).register<object>(entity, { name: 'strangers' });
      expect(registered).toThrow(UnauditableEntityError);
      expect(registered).toThrow(problem);
    });
  });
});
