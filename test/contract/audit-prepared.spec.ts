import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type DatabaseOptions, type HostDatabaseOptions, HostDatabaseModule } from 'nestjs-host-database';
import { AuditService } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { executeOn } from '../support/audit-log.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

const PREPARED = 'select name, statement, generic_plans + custom_plans as runs from pg_prepared_statements';
const APPEND = expect.stringMatching(/^insert into sys_audit_logs /);

/** On SQLite, nothing is parsed by a server. */
describe('the statement that appends to the log on postgresql', () => {
  let scratch: ScratchDatabase;
  let host: TestHost;
  let logged: string[];

  /** With one connection, so that each transaction has that of the one before it. */
  const start = async (database: Partial<DatabaseOptions> = {}) => {
    const all = { ...scratch.options, pool: { min: 0, max: 1 }, ...database };
    host = await createTestHost({
      application: (options: HostDatabaseOptions) => HostDatabaseModule.forRoot({ ...options, database: all }),
    });
  };
  const restart = async (database: Partial<DatabaseOptions>) => {
    await host.close();
    await start(database);
  };
  beforeEach(async () => {
    logged = [];
    scratch = await scratchDatabase('postgresql');
    await start();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await host.close();
    await scratch.drop();
  });

  const execute = <T extends object>(sql: string, ...parameters: unknown[]) => executeOn(host)<T>(sql, ...parameters);
  const prepared = () => execute(PREPARED);
  const append = (details: Record<string, unknown> = { reason: 'because' }) =>
    host.get(AuditService).recordUnchecked({ eventType: 'audit.legal-hold-placed', targetId: 'hold-1', details });
  const inTransaction = <T>(work: () => Promise<T>) => host.run(() => host.hostDatabase.transactional(work));
  const count = async () => (await execute<{ rows: number }>('select count(*)::int as rows from sys_audit_logs'))[0]?.rows;

  it('is prepared once for each connection', async () => {
    expect(await prepared()).toEqual([]);
    const within = await inTransaction(async () => {
      await append();
      await append();
      return host.hostDatabase.em.execute<object[]>(PREPARED);
    });
    expect(within).toMatchObject([{ statement: APPEND, runs: '2' }]);
    for (let time = 0; time < 10; time++) await inTransaction(() => append());
    expect(await prepared()).toMatchObject([{ statement: APPEND, runs: '12' }]);
    const lost = inTransaction(() => host.hostDatabase.em.execute('select pg_terminate_backend(pg_backend_pid())'));
    await expect(lost).rejects.toThrow('terminat');
    await inTransaction(() => append());
    expect(await prepared()).toMatchObject([{ statement: APPEND, runs: '1' }]);
    expect(await count()).toBe(13);
  });

  it('outlives transactions that were rolled back or have failed', async () => {
    const no = new Error('no');
    const refused = inTransaction(async () => {
      await append();
      throw no;
    });
    await expect(refused).rejects.toBe(no);
    const failed = inTransaction(async () => {
      await host.hostDatabase.em.execute('select 1 / 0').catch(() => undefined);
      await append();
    });
    await expect(failed).rejects.toThrow(/current transaction is aborted/);
    expect(await count()).toBe(0);
    await inTransaction(() => append());
    expect(await count()).toBe(1);
    expect(await prepared()).toMatchObject([{ statement: APPEND }]);
  });

  it('is the first to fail of a connection, and is prepared by the next', async () => {
    const failed = inTransaction(async () => {
      await host.hostDatabase.em.execute('select 1 / 0').catch(() => undefined);
      await append();
    });
    await expect(failed).rejects.toThrow(/current transaction is aborted/);
    expect(await prepared()).toEqual([]);
    await inTransaction(() => append());
    expect(await prepared()).toMatchObject([{ statement: APPEND, runs: '1' }]);
  });

  it('goes on after the partitions and columns of the log have changed', async () => {
    const place = async () =>
      (await execute<{ name: string }>('select tableoid::regclass::text as name from sys_audit_logs order by id desc'))[0]?.name;
    for (let time = 0; time < 8; time++) await inTransaction(() => append());
    const month = await place();
    expect(month).toMatch(/^sys_audit_logs_p\d{6}$/);
    await execute(`drop table ${month}`);
    await execute('select sys_audit_add_partitions(14)');
    await inTransaction(() => append());
    expect(await place()).toBe(month);
    await execute('alter table sys_audit_logs add column noted_by text default current_user');
    await inTransaction(() => append());
    expect(await execute('select distinct noted_by is not null as noted from sys_audit_logs')).toEqual([{ noted: true }]);
    expect(await count()).toBe(2);
    expect(await prepared()).toMatchObject([{ statement: APPEND, runs: '10' }]);
  });

  it.each([true, false])('stores what it is given: preparedStatements %p', async (preparedStatements) => {
    await restart({ preparedStatements });
    const details = { quotes: `'"\`\\'; --`, signs: '? $1 :name', text: 'ü 日本 😀', none: null, line: '\n\t', list: [{}, []] };
    const { id, canonical } = await inTransaction(() => append(details));
    const row = await host.run(() => host.hostDatabase.auditLogs.findOneOrFail(id));
    expect(row).toMatchObject({ details, canonical, tenantId: null, ipAddress: null, targetId: 'hold-1' });
    expect(await prepared()).toHaveLength(preparedStatements ? 1 : 0);
  });

  it.each([true, false])('is not reached by a NUL: preparedStatements %p', async (preparedStatements) => {
    await restart({ preparedStatements });
    await expect(inTransaction(() => append({ reason: 'a\u0000b' }))).rejects.toMatchObject({ code: 'COMMON_INVALID_INPUT' });
    expect(await prepared()).toEqual([]);
    await inTransaction(() => append({ reason: 'ab' }));
    expect(await count()).toBe(1);
  });

  it('is sent without a name once somebody has taken it away, as a proxy does', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    await inTransaction(() => append());
    await execute('deallocate all');
    await expect(inTransaction(() => append())).rejects.toThrow(/prepared statement .* does not exist/);
    for (let time = 0; time < 2; time++) await inTransaction(() => append());
    expect(await count()).toBe(3);
    expect(await prepared()).toEqual([]);
    expect(warn.mock.calls.flat().filter((text) => String(text).includes('database.preparedStatements'))).toHaveLength(1);
  });

  it('is not kept where a hook writes another text each time', async () => {
    let queries = 0;
    await restart({ mikroOrm: { onQuery: (sql) => `${sql} /* ${++queries} */` } });
    for (let time = 0; time < 3; time++) await inTransaction(() => append());
    expect(await count()).toBe(3);
    expect(await prepared()).toEqual([]);
  });

  it.each([
    [['query'], /insert into sys_audit_logs .* values \(\$1, /],
    [['query', 'query-params'], /insert into sys_audit_logs .* values \('[0-9a-f]{32}', NULL, 'audit\.legal-hold-placed'/i],
  ] as const)('is logged as any other: %s', async (debug, text) => {
    const logger = (message: string) => void logged.push(message);
    await restart({ mikroOrm: { debug: [...debug], colors: false, logger } });
    await inTransaction(() => append());
    const statements = logged.filter((message) => message.includes('into sys_audit_logs'));
    expect(statements).toHaveLength(1);
    expect(statements[0]).toMatch(text);
    expect(statements[0]).not.toContain('prepared');
    expect(statements[0]).toContain('took');
  });
});
