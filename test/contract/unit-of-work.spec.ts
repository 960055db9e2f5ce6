import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  DeadlockException,
  DriverException,
  LockWaitTimeoutException,
  UniqueConstraintViolationException,
} from '@mikro-orm/core';
import {
  GlobalUser,
  HostDatabaseError,
  InvalidInputError,
  NoUnitOfWorkError,
  PendingChangesError,
  TransactionRollbackOnlyError,
  UnitOfWork,
} from 'nestjs-host-database';
import { AuditService, defineAuditEvents, detailsOf, type InferAuditEvents } from 'nestjs-host-database/audit';
import { JobsService } from 'nestjs-host-database/jobs';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { TenantsService } from 'nestjs-host-database/tenants';
import { UsersService } from 'nestjs-host-database/users';
import { SqlConversation } from '../support/sql-conversation.js';

const signUpEvents = defineAuditEvents({ 'sign-up.completed': { details: detailsOf<undefined>(), targetType: 'tenant' } });

declare module 'nestjs-host-database/audit' {
  interface AuditEventTypes extends InferAuditEvents<typeof signUpEvents> {}
}

describe.each(['sqlite', 'postgresql'] as const)('the unit of work on %s', (database) => {
  const conversation = new SqlConversation();
  let host: TestHost;

  // A log is not emptied between two tests.
  beforeEach(async () => {
    host = await createTestHost({ database, mikroOrm: conversation.mikroOrm, options: { audit: { events: [signUpEvents] } } });
    conversation.begin();
  });
  afterEach(async () => {
    await host.close();
  });

  /** What five services do in one piece of work. */
  async function signUp(): Promise<void> {
    const user = await host.get(UsersService).create({ email: 'ada@example.com' });
    const tenant = await host.get(TenantsService).create({ name: 'Engines' });
    await host.get(MembershipsService).grant({ userId: user.id, tenantId: tenant.id, role: 'owner' });
    await host.get(AuditService).record({ eventType: 'sign-up.completed', targetId: tenant.id });
    await host.get(JobsService).enqueue('mail.send-welcome', { userId: user.id });
  }

  async function rowCounts(): Promise<number[]> {
    const { globalUsers, tenantCatalogs, memberships, auditLogs, systemJobs } = host.hostDatabase;
    return host.run(() =>
      Promise.all([globalUsers, tenantCatalogs, memberships, auditLogs, systemJobs].map((each) => each.count())),
    );
  }

  describe('transactional', () => {
    it('commits what five services write together', async () => {
      await host.run(() => host.hostDatabase.transactional(signUp));

      expect(conversation.said).toEqual([
        'begin',
        'insert sys_audit_logs',
        'insert core_users',
        'insert sys_audit_logs',
        'insert core_tenants',
        'insert sys_jobs',
        'insert sys_tenant_provisionings',
        // Who is to be an owner; on PostgreSQL after a look at the isolation level.
        'select core_users',
        ...(database === 'postgresql' ? ['select'] : []),
        'select core_users',
        'select core_tenants',
        'select core_memberships',
        // How many seats there are: by what was bought, by a trial, or by the plan of the catalogue.
        'select core_subscriptions',
        'select core_tenant_trials',
        'select core_pricing_plans',
        'insert sys_audit_logs',
        'insert core_memberships',
        'insert sys_audit_logs',
        'insert sys_jobs',
        'commit',
      ]);
      expect(await rowCounts()).toEqual([1, 1, 1, 4, 2]);
    });

    it('lets what five services wrote vanish together when something throws', async () => {
      const failure = new Error('the last step failed');
      const work = host.run(() =>
        host.hostDatabase.transactional(async () => {
          await signUp();
          throw failure;
        }),
      );

      await expect(work).rejects.toBe(failure);
      expect(conversation.said.filter((statement) => statement === 'insert core_users')).toHaveLength(1);
      expect(conversation.said.at(-1)).toBe('rollback');
      expect(conversation.said).not.toContain('commit');
      expect(await rowCounts()).toEqual([0, 0, 0, 0, 0]);
    });

    it('joins the outer transaction', async () => {
      await host.run(() =>
        host.hostDatabase.transactional(() =>
          host.hostDatabase.transactional(async (em) => {
            em.create(GlobalUser, { email: 'joined@example.com' });
          }),
        ),
      );
      expect(conversation.said).toEqual(['begin', 'insert sys_audit_logs', 'insert core_users', 'commit']);
    });

    it('rolls back all of it even where a caller swallows the error of a joined part', async () => {
      const work = host.run(() =>
        host.hostDatabase.transactional(async () => {
          await signUp();
          await host
            .get(UsersService)
            .create({ email: 'not an address' })
            .catch(() => undefined);
          await host
            .get(UsersService)
            .create({ email: 'ADA@example.com' })
            .catch(() => undefined);
        }),
      );
      await expect(work).rejects.toBeInstanceOf(TransactionRollbackOnlyError);
      expect(await rowCounts()).toEqual([0, 0, 0, 0, 0]);
    });

    it('keeps the rest where a part failed in a savepoint of its own', async () => {
      await host.run(() =>
        host.hostDatabase.transactional(async (em) => {
          await signUp();
          const part = em.transactional(() => host.get(UsersService).create({ email: 'ada@example.com' }));
          await expect(part).rejects.toMatchObject({ code: 'USERS_DUPLICATE_EMAIL' });
        }),
      );
      expect(await rowCounts()).toEqual([1, 1, 1, 4, 2]);
    });

    it('writes nothing of a failed transaction with a later flush of the same request', async () => {
      const user = await host.newUser();
      await host.run(async () => {
        const loaded = await host.hostDatabase.globalUsers.findOneOrFail({ id: user.id });
        const work = host.hostDatabase.transactional(async (em) => {
          loaded.isSysAdmin = true;
          await em.flush();
          throw new InvalidInputError('anything', 'is wrong.');
        });
        await expect(work).rejects.toBeInstanceOf(HostDatabaseError);
        await host.hostDatabase.commit();
      });
      expect(await host.run(() => host.hostDatabase.globalUsers.count({ isSysAdmin: true }))).toBe(0);
    });

    it('is refused outside a unit of work, with what to do', async () => {
      const outside = host.hostDatabase.transactional(() => undefined);
      await expect(outside).rejects.toMatchObject({
        code: 'DATABASE_NO_UNIT_OF_WORK',
        message: expect.stringContaining('hostDatabase.run('),
      });
      await expect(host.hostDatabase.globalUsers.findAll()).rejects.toBeInstanceOf(NoUnitOfWorkError);
      expect(() => host.hostDatabase.em.persist(new GlobalUser())).toThrow(NoUnitOfWorkError);
      expect(conversation.said).toEqual([]);
    });

    it.each([
      'insert',
      'upsert',
      'nativeUpdate',
      'nativeDelete',
      'execute',
      'createQueryBuilder',
      'getKysely',
      'transactional',
      'begin',
    ])('refuses %s on the shared EntityManager', async (method) => {
      const { em } = host.hostDatabase;
      const call = async () => (em[method as 'execute'] as (...args: unknown[]) => Promise<unknown>)(GlobalUser, {}, {});
      await expect(call()).rejects.toBeInstanceOf(NoUnitOfWorkError);
      expect(conversation.said).toEqual([]);
    });
  });

  describe('transactional with retries', () => {
    const failures = (count: number, make: () => Error) => {
      let left = count;
      let attempts = 0;
      const work = () =>
        host.run(() =>
          host.hostDatabase.transactional(
            async (em) => {
              attempts++;
              em.create(GlobalUser, { email: `attempt-${attempts}@example.com` });
              await em.flush();
              if (left-- > 0) throw make();
            },
            { retries: 2 },
          ),
        );
      return { work, attempts: () => attempts };
    };
    const emails = () => host.run(async () => (await host.hostDatabase.globalUsers.findAll()).map(({ email }) => email));

    it.each([
      ['a deadlock or serialization failure', () => new DeadlockException(new Error('40P01'))],
      ['a busy database', () => new LockWaitTimeoutException(new Error('database is locked'))],
    ])('repeats work that failed on %s', async (_, make) => {
      const { work, attempts } = failures(2, make);
      await work();
      expect(attempts()).toBe(3);
      expect(await emails()).toEqual(['attempt-3@example.com']);
    });

    it('refuses to begin where a retry would lose changes', async () => {
      const user = await host.newUser();
      const work = host.run(async () => {
        (await host.hostDatabase.globalUsers.findOneOrFail({ id: user.id })).isSysAdmin = true;
        await host.hostDatabase.transactional(() => undefined, { retries: 1 });
      });
      await expect(work).rejects.toBeInstanceOf(PendingChangesError);
    });

    it('gives up after so many retries, with the last error', async () => {
      const { work, attempts } = failures(9, () => new DeadlockException(new Error('40P01')));
      await expect(work()).rejects.toBeInstanceOf(DeadlockException);
      expect(attempts()).toBe(3);
      expect(await emails()).toEqual([]);
    });

    it.each([
      ['a constraint violation', () => new UniqueConstraintViolationException(new Error('23505'))],
      ['another error of the driver', () => new DriverException(new Error('XX000'))],
      ['an error of the application', () => new Error('no')],
    ])('does not repeat work that failed on %s', async (_, make) => {
      const { work, attempts } = failures(9, make);
      await expect(work()).rejects.toBeInstanceOf(Error);
      expect(attempts()).toBe(1);
    });
  });

  describe('rollback', () => {
    it('discards what was not committed', async () => {
      await host.run(async () => {
        host.hostDatabase.em.create(GlobalUser, { email: 'kept@example.com' });
        await host.hostDatabase.commit();
        host.hostDatabase.em.create(GlobalUser, { email: 'discarded@example.com' });
        host.hostDatabase.rollback();
        await host.hostDatabase.commit();
      });
      const users = await host.run(() => host.hostDatabase.globalUsers.findAll());
      expect(users.map(({ email }) => email)).toEqual(['kept@example.com']);
    });

    it('keeps a transaction from committing', async () => {
      const work = host.run(() =>
        host.hostDatabase.transactional(async (em) => {
          em.create(GlobalUser, { email: 'discarded@example.com' });
          await em.flush();
          host.hostDatabase.rollback();
        }),
      );
      await expect(work).rejects.toBeInstanceOf(TransactionRollbackOnlyError);
      expect(await rowCounts()).toEqual([0, 0, 0, 0, 0]);
    });
  });

  describe('run', () => {
    it('has an identity map of its own', async () => {
      const user = await host.newUser();
      const [first, second] = await Promise.all(
        [1, 2].map(() => host.run(() => host.hostDatabase.globalUsers.findOneOrFail({ id: user.id }))),
      );
      expect(first).not.toBe(second);
    });

    it('rolls back a transaction that was begun by hand and left open', async () => {
      await host.run(async () => {
        await host.hostDatabase.em.begin();
        host.hostDatabase.em.create(GlobalUser, { email: 'left-open@example.com' });
        await host.hostDatabase.em.flush();
      });
      expect(await rowCounts()).toEqual([0, 0, 0, 0, 0]);
    });

    it('flushes when the work resolves and discards when it throws', async () => {
      await host.run(() => void host.hostDatabase.em.create(GlobalUser, { email: 'flushed@example.com' }));
      const failing = host.run(() => {
        host.hostDatabase.em.create(GlobalUser, { email: 'discarded@example.com' });
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await rowCounts()).toEqual([1, 0, 0, 1, 0]);
    });
  });

  describe('afterEnd', () => {
    const unitOfWork = () => host.get(UnitOfWork);

    it.each(['commits', 'is rolled back'])('calls back when the outermost transaction %s, once', async (end) => {
      const seen: string[] = [];
      const work = host.run(() =>
        host.hostDatabase.transactional(async (em) => {
          await em.transactional(() => unitOfWork().afterEnd(() => seen.push('of a savepoint')));
          const part = em.transactional(() => {
            unitOfWork().afterEnd(() => seen.push('of one that is rolled back'));
            throw new Error('no');
          });
          await expect(part).rejects.toThrow('no');
          await unitOfWork().transactional(() => unitOfWork().afterEnd(() => seen.push('of a part')));
          expect(seen).toEqual([]);
          if (end !== 'commits') throw new Error('the end');
        }),
      );
      const [result] = await Promise.allSettled([work]);
      expect(result.status).toBe(end === 'commits' ? 'fulfilled' : 'rejected');
      expect(seen.toSorted()).toEqual(['of a part', 'of a savepoint', 'of one that is rolled back']);
      expect(conversation.said.at(-1)).toBe(end === 'commits' ? 'commit' : 'rollback');
    });

    it('calls back at the end of a transaction that was begun by hand, and at once without one', async () => {
      const seen: string[] = [];
      await host.run(async () => {
        const { em } = host.hostDatabase;
        await em.begin();
        unitOfWork().afterEnd(() => seen.push('committed'));
        await em.commit();
        await em.begin();
        unitOfWork().afterEnd(() => seen.push('rolled back'));
        expect(seen).toEqual(['committed']);
        await em.rollback();
        expect(seen).toEqual(['committed', 'rolled back']);
        unitOfWork().afterEnd(() => seen.push('none'));
      });
      expect(seen).toEqual(['committed', 'rolled back', 'none']);
    });
  });

  describe('afterCommit', () => {
    const unitOfWork = () => host.get(UnitOfWork);

    it('calls back after the outermost commit, not after a released savepoint', async () => {
      const seen: string[] = [];
      await host.run(() =>
        host.hostDatabase.transactional(async (em) => {
          await em.transactional(() => unitOfWork().afterCommit(() => seen.push('called')));
          seen.push('savepoint released');
        }),
      );
      expect(seen).toEqual(['savepoint released', 'called']);
      expect(conversation.said).toEqual(['begin', 'savepoint', 'release savepoint', 'commit']);
    });

    it('never calls back for what was rolled back', async () => {
      const seen: string[] = [];
      await host.run(() =>
        host.hostDatabase.transactional(async (em) => {
          const part = em.transactional(() => {
            unitOfWork().afterCommit(() => seen.push('of the savepoint'));
            throw new Error('no');
          });
          await expect(part).rejects.toThrow('no');
          unitOfWork().afterCommit(() => seen.push('of the transaction'));
        }),
      );
      expect(seen).toEqual(['of the transaction']);
    });

    it('knows a transaction that was begun by hand', async () => {
      const seen: string[] = [];
      await host.run(async () => {
        const { em } = host.hostDatabase;
        await em.begin();
        unitOfWork().afterCommit(() => seen.push('committed'));
        seen.push('before the commit');
        await em.commit();
        await em.begin();
        unitOfWork().afterCommit(() => seen.push('never'));
        await em.rollback();
        await em.begin();
        host.hostDatabase.rollback();
        await expect(em.commit()).rejects.toBeInstanceOf(TransactionRollbackOnlyError);
      });
      expect(seen).toEqual(['before the commit', 'committed']);
    });

    it('calls back at once where no transaction is open', async () => {
      const seen: string[] = [];
      await host.run(() => unitOfWork().afterCommit(() => seen.push('called')));
      expect(seen).toEqual(['called']);
    });
  });
});

describe('a busy SQLite database', () => {
  it('fails as one that is worth a retry', async () => {
    // The error of a second connection that found the write lock taken, as better-sqlite3 words it.
    const host = await createTestHost();
    const error = Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
    const converted = host.hostDatabase.em.getPlatform().getExceptionConverter().convertException(error);
    expect(converted).toBeInstanceOf(LockWaitTimeoutException);
    await host.close();
  });
});
