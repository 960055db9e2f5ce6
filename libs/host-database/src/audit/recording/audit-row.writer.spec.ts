import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { genId } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import { DATABASE_OPTIONS, type DatabaseModuleOptions, DIRECT_CONNECTION, type DirectConnection } from '../../database/index.js';
import { createTestHost, type TestHost } from '../../testing/index.js';
import { AuditService } from '../audit.service.js';
import { AuditRowWriter } from './audit-row.writer.js';

type SqliteConnection = Extract<DirectConnection, { readonly type: 'sqlite' }>;

// Only SQLite has one writer at a time.
describe(`${AuditRowWriter.name} on sqlite`, () => {
  let host: TestHost;
  let isOpen: boolean;
  let tries: boolean[];

  beforeEach(async () => {
    const encryption = { keyId: 'key', keys: { key: randomBytes(32) } };
    host = await createTestHost({ database: 'sqlite', options: { audit: { encryption } } });
    isOpen = false;
    tries = [];
    const connection = host.get<SqliteConnection>(DIRECT_CONNECTION);
    // A database in memory makes of the one a call of the other.
    const exclusive = connection.exclusive.bind(connection);
    jest.spyOn(connection, 'exclusive').mockImplementation(async (work) => {
      tries.push(isOpen);
      return exclusive(work);
    });
  });
  afterEach(() => host.close());

  const deny = () =>
    host
      .get(ContextService)
      .run({ actorUserId: genId(), ipAddress: '192.0.2.1' }, () =>
        host
          .get(AuditService)
          .recordDetached({ eventType: 'audit.legal-hold-placed', outcome: 'denied', details: { reason: 'no' } }),
      );

  /** Records in a transaction; one that lasts longer than the wait for its lock makes no difference, for nobody waits. */
  async function denyIn(end: () => void): Promise<void> {
    await host.run(() =>
      host.hostDatabase.transactional(async () => {
        isOpen = true;
        try {
          await deny();
          end();
        } finally {
          isOpen = false;
        }
      }),
    );
  }

  it.each(['commit', 'rollback'])('writes a row and the key that it needs after the %s, and does not try before', async (end) => {
    const rolledBack = new Error('denied');
    const work = denyIn(() => {
      if (end === 'rollback') throw rolledBack;
    });
    const [result] = await Promise.allSettled([work]);
    expect(result).toMatchObject(end === 'rollback' ? { reason: rolledBack } : { status: 'fulfilled' });
    await host.get(AuditRowWriter).onApplicationShutdown();

    expect(tries).toEqual([false, false]);
    expect(await host.run(() => host.hostDatabase.auditLogs.count())).toBe(1);
    const keys = await host.run(() => host.hostDatabase.em.execute<unknown[]>('select 1 from sys_audit_subject_keys'));
    expect(keys).toHaveLength(1);
  });
});

type PostgresqlConnection = Extract<DirectConnection, { readonly type: 'postgresql' }>;

// Only PostgreSQL keeps statements for a connection.
describe(`${AuditRowWriter.name} on postgresql`, () => {
  it.each([
    [undefined, [{ runs: '3' }]],
    [false, []],
  ])('has its detached rows appended by a statement that is prepared once: %p', async (preparedStatements, prepared) => {
    const host = await createTestHost({ database: 'postgresql' });
    Object.assign(host.get<DatabaseModuleOptions>(DATABASE_OPTIONS).database, { preparedStatements });
    try {
      const audit = host.get(AuditService);
      for (let time = 0; time < 3; time++)
        await audit.recordDetached({ eventType: 'audit.legal-hold-placed', outcome: 'denied', details: { reason: 'a case' } });
      expect(await host.run(() => host.hostDatabase.auditLogs.count())).toBe(3);
      const connection = host.get<PostgresqlConnection>(DIRECT_CONNECTION);
      // On the connection that was given back last, the only one that was used.
      const found = await connection.query('select generic_plans + custom_plans as runs from pg_prepared_statements');
      expect(found).toEqual(prepared);
    } finally {
      await host.close();
    }
  });
});
