import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ForeignKeyConstraintViolationException } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { genId, GlobalUser, type HostAuditLog, Membership, PricingPlan, TenantCatalog } from 'nestjs-host-database';
import { AuditCapture, AuditService, defineAuditEvents, detailsOf, UnauditedWriteError } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { hostOn } from '../support/audit-hosts.js';
import { scratchDatabase } from '../support/scratch-database.js';
import { SqlConversation } from '../support/sql-conversation.js';
import { until } from '../support/until.js';

const newRow = () => ({ id: genId(), email: `${genId()}@example.com`, isSysAdmin: false, createdAt: new Date() });

const LETTERS = defineAuditEvents({
  'letters.sent': { details: detailsOf<{ email: string }>(), personal: { email: 'target' }, targetType: 'user' },
});

/** What a subscriber may try in the midst of a flush that writes the same table. */
const HOOK_WRITES: Record<string, (em: SqlEntityManager, other: GlobalUser) => Promise<void>> = {
  nativeUpdate: async (em, { id }) => void (await em.nativeUpdate(GlobalUser, { id }, { isSysAdmin: true })),
  'a query builder': async (em, { id }) =>
    void (await em.createQueryBuilder(GlobalUser).update({ isSysAdmin: true }).where({ id }).execute()),
  'raw SQL on its connection': async (em, { id }) => {
    const sql = 'update core_users set is_sys_admin = true where id = ?';
    await em.getConnection().execute(sql, [id], 'run', em.getTransactionContext());
  },
  'the driver': async (em, { id }) =>
    void (await em.getDriver().nativeUpdate(GlobalUser, { id }, { isSysAdmin: true }, { ctx: em.getTransactionContext() })),
};

/** A flush, what runs beside it, and the transaction it is in. */
describe.each(['sqlite', 'postgresql'] as const)(`${AuditCapture.name} in a flush on %s`, (database) => {
  const conversation = new SqlConversation();
  let host: TestHost;

  beforeAll(async () => {
    host = await createTestHost({ database, mikroOrm: conversation.mikroOrm });
  });
  afterAll(async () => {
    await host.close();
  });

  const inHost = <T>(work: (em: SqlEntityManager) => T | Promise<T>) => host.run(() => work(host.hostDatabase.em));
  const events = (targetId: string): Promise<HostAuditLog[]> =>
    host.run(async () => (await host.get(AuditService).findByTarget(targetId)).toReversed());
  const outlines = async (targetId: string) =>
    (await events(targetId)).map(({ eventType, details }) => Object.assign({ eventType }, details));

  describe('a removal', () => {
    it('reads those rows in the transaction that removes them, and locks what they refer to', async () => {
      const { user } = await host.newMembership();
      conversation.begin();
      await inHost(async (em) => void em.remove(await em.findOneOrFail(GlobalUser, { id: user.id })));
      const [found, ...said] = conversation.said.filter((statement) => !/sys_/.test(statement));
      expect([found, ...said.slice(0, 4)]).toEqual([
        'select core_users',
        'begin',
        'select core_users',
        'select core_user_identities',
        'select core_memberships',
      ]);
      expect([said.at(-1), said.filter((statement) => statement === 'begin')]).toEqual(['commit', ['begin']]);
    });

    it('leaves no transaction open where the removal fails, and two flushes at once do not meet', async () => {
      const { id } = await host.newTenant({ provisioned: false });
      const [gone, other] = [await host.newUser(), await host.newUser()];
      await inHost(async (em) => {
        const fork = em.fork({ cloneEventManager: true });
        let fails = true;
        const beforeDelete = () => (fails ? Promise.reject(new Error('no')) : Promise.resolve());
        fork.getEventManager().registerSubscriber({ beforeDelete });
        fork.remove(await fork.findOneOrFail(GlobalUser, { id: gone.id }));
        await expect(fork.flush()).rejects.toThrow('no');
        expect(fork.isInTransaction()).toBe(false);
        fails = false;
        fork.remove(await fork.findOneOrFail(GlobalUser, { id: gone.id }));
        const first = fork.flush();
        fork.remove(fork.getReference(GlobalUser, other.id));
        await Promise.all([first, fork.flush()]);
        expect(fork.isInTransaction()).toBe(false);
        expect(await fork.count(TenantCatalog, { id })).toBe(1);
        expect(await fork.count(GlobalUser, { id: [gone.id, other.id] })).toBe(0);
      });
      for (const user of [gone, other]) expect((await outlines(user.id)).at(-1)).toMatchObject({ eventType: 'users.deleted' });
    });

    // SQLite has one connection, and the test above shows that the transaction holds it in time.
    if (database === 'postgresql') {
      it('lets nobody add such a row while it is running', async () => {
        const { user } = await host.newMembership();
        const tenant = await host.newTenant({ provisioned: false });
        const id = genId();
        let late: Promise<unknown> | undefined;
        await inHost(async (em) => {
          const fork = em.fork({ cloneEventManager: true });
          const beforeDelete = async ({ entity }: { entity: object }) => {
            if (!(entity instanceof GlobalUser) || late) return;
            const added = inHost((own) => void own.create(Membership, { id, user: user.id, tenant: tenant.id, role: 'member' }));
            const isSettled = { now: false };
            late = added.catch((error: unknown) => error).finally(() => (isSettled.now = true));
            const waiting =
              'select 1 from pg_locks where not granted and pid in (select pid from pg_stat_activity where datname = current_database())';
            await until(async () => isSettled.now || (await inHost((own) => own.execute<unknown[]>(waiting))).length > 0);
          };
          fork.getEventManager().registerSubscriber({ beforeDelete });
          fork.remove(await fork.findOneOrFail(GlobalUser, { id: user.id }));
          await fork.flush();
        });
        expect(await late).toBeInstanceOf(ForeignKeyConstraintViolationException);
        expect(await events(id)).toEqual([]);
      });
    }

    it('is refused where a subscriber removes such a parent in the midst of a flush without a transaction', async () => {
      const membership = await host.newMembership();
      const plan = `plan-${genId()}`;
      const flush = (around: (fork: SqlEntityManager, work: () => Promise<void>) => Promise<void>) =>
        inHost(async (em) => {
          const fork = em.fork({ cloneEventManager: true });
          const user = await fork.findOneOrFail(GlobalUser, { id: membership.user.id });
          fork.getEventManager().registerSubscriber({ beforeFlush: () => Promise.resolve(void fork.remove(user)) });
          fork.create(PricingPlan, { id: plan, name: 'Plan', features: [] });
          await around(fork, () => fork.flush());
        });
      await expect(flush((_, work) => work())).rejects.toMatchObject({ code: 'AUDIT_UNAUDITED_WRITE' });
      expect(await events(plan)).toEqual([]);
      await flush(async (fork) => {
        await fork.begin();
        await fork.commit();
      });
      expect((await outlines(membership.id)).at(-1)).toMatchObject({ eventType: 'memberships.deleted' });
    });
  });

  describe('hooks', () => {
    it.each(Object.entries(HOOK_WRITES))('does not cover what a hook of it writes by %s', async (_, write) => {
      const [changed, other] = [await host.newUser(), await host.newUser()];
      const work = inHost(async (em) => {
        const fork = em.fork({ cloneEventManager: true });
        fork.getEventManager().registerSubscriber({ afterUpdate: (args) => write(args.em as SqlEntityManager, other) });
        (await fork.findOneOrFail(GlobalUser, { id: changed.id })).lastLogin = new Date(5);
        await fork.flush();
      });
      await expect(work).rejects.toMatchObject({ code: 'AUDIT_UNAUDITED_WRITE', tables: ['core_users'] });
      expect(await inHost((em) => em.count(GlobalUser, { id: other.id, isSysAdmin: true }))).toBe(0);
      expect(await events(changed.id)).toHaveLength(1);
    });

    it('covers nothing that a hook of it writes when it has ended', async () => {
      const [changed, other] = [await host.newUser(), await host.newUser()];
      const ended = Promise.withResolvers<void>();
      let late: Promise<unknown> | undefined;
      await inHost(async (em) => {
        const fork = em.fork({ cloneEventManager: true });
        const afterUpdate = () => {
          late ??= ended.promise.then(() => em.nativeUpdate(GlobalUser, { id: other.id }, { isSysAdmin: true }));
          return Promise.resolve();
        };
        fork.getEventManager().registerSubscriber({ afterUpdate });
        (await fork.findOneOrFail(GlobalUser, { id: changed.id })).lastLogin = new Date(5);
        await fork.flush();
        ended.resolve();
        await expect(late).rejects.toBeInstanceOf(UnauditedWriteError);
      });
      expect(await events(changed.id)).toHaveLength(2);
    });
  });

  it('works in a transaction that a fork has begun, which nothing in it waits for', async () => {
    const scratch = await scratchDatabase(database);
    const encryption = { keyId: 'k', keys: { k: randomBytes(32) } };
    const encrypted = await hostOn(scratch, { encryption, events: [LETTERS] });
    const row = newRow();
    const tried = genId();
    try {
      await encrypted.run(async () => {
        const fork = encrypted.hostDatabase.em.fork();
        await fork.begin();
        try {
          fork.create(GlobalUser, row);
          await fork.flush();
          const details = { email: row.email };
          await encrypted.get(AuditService).recordDetachedUnchecked({ eventType: 'letters.sent', targetId: tried, details });
          await fork.commit();
        } finally {
          if (fork.isInTransaction()) await fork.rollback();
        }
      });
      const found = async (targetId: string) =>
        (await encrypted.run(() => encrypted.get(AuditService).findByTarget(targetId))).map(({ eventType }) => eventType);
      expect(await found(row.id)).toEqual(['users.created']);
      await until(async () => (await found(tried)).length === 1);
    } finally {
      await encrypted.close();
      await scratch.drop();
    }
  });
});
