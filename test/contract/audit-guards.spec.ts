import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { type DatabaseType, hostEntities, type HostDatabaseOptions, hostOrmConfig, UnitOfWork } from 'nestjs-host-database';
import { AuditGuardsMissingError } from 'nestjs-host-database/audit';
import type { TestHost } from 'nestjs-host-database/testing';
import { hostOn } from '../support/audit-hosts.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

const TABLES = ['sys_audit_logs', 'sys_audit_checkpoints', 'sys_audit_anchorings', 'sys_audit_purges'];
const PARTITION = 'sys_audit_logs_p0';

/** What takes a guard away, and what the boot then says is missing. */
type Removal = readonly [what: string, missing: string, statements: readonly string[], undo: readonly string[]];

describe.each(['sqlite', 'postgresql'] as const)('the guards of the log on %s', (type) => {
  let scratch: ScratchDatabase;
  /** Stays open, for the tests to work on the database; others boot beside it. */
  let host: TestHost;

  beforeAll(async () => {
    scratch = await scratchDatabase(type);
    host = await hostOn(scratch, {});
  });

  afterAll(async () => {
    await host.close();
    await scratch.drop();
  });

  it.each(type === 'sqlite' ? removalsOnSqlite() : removalsOnPostgresql())(
    'stops the boot when %s',
    async (_what, missing, statements, undo) => {
      await boot();
      const restoring = undo.length > 0 ? undo : await restoringSqlite(missing);
      for (const statement of statements) await execute(statement);
      try {
        const error: unknown = await boot().catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(AuditGuardsMissingError);
        expect((error as AuditGuardsMissingError).guards).toContain(missing);
      } finally {
        for (const statement of restoring) await execute(statement);
      }
      await boot();
    },
  );

  it.each(additions(type))('stops the boot when %s', async (_what, added, statement, undo) => {
    await boot();
    await execute(statement);
    try {
      for (const migrate of ['check', 'off'] as const) {
        await expect(boot({ migrate })).rejects.toMatchObject({ guards: [added] });
      }
    } finally {
      await execute(undo);
    }
    await boot({ migrate: 'off' });
  });

  it('leaves nothing for a schema update to do, even twice and with tables dropped', async () => {
    const orm = await MikroORM.init({ ...(await hostOrmConfig(scratch.options)), entities: [...hostEntities] });
    try {
      for (let time = 1; time <= 2; time++) {
        await orm.schema.update();
        expect(await orm.schema.getUpdateSchemaSQL({ safe: false, dropTables: true })).toBe('');
      }
    } finally {
      await orm.close(true);
    }
    await boot();
  });

  async function boot(options: Partial<HostDatabaseOptions> = {}): Promise<void> {
    await (await hostOn(scratch, {}, options)).close();
  }

  function execute<T>(sql: string): Promise<T[]> {
    return host.get(UnitOfWork).run((em: SqlEntityManager) => em.execute<T[]>(sql));
  }

  async function restoringSqlite(guard: string): Promise<string[]> {
    const [trigger] = await execute<{ sql: string }>(
      `select sql from sqlite_schema where type = 'trigger' and name = '${guard}'`,
    );
    return [`drop trigger if exists ${guard}`, trigger!.sql];
  }
});

/** What takes away what a guard does, and leaves the guard as it is. */
function additions(type: DatabaseType): (readonly [what: string, added: string, statement: string, undo: string])[] {
  const tables = [...TABLES, 'sys_audit_unsealed'];
  if (type === 'sqlite') {
    const trigger = (table: string) => `create trigger hush before insert on ${table} begin select raise(ignore); end`;
    return tables.map((table) => [
      `a trigger of another hushes ${table}`,
      'hush (not of this library)',
      trigger(table),
      'drop trigger hush',
    ]);
  }
  const call = 'for each row execute function suppress_redundant_updates_trigger()';
  return [
    ...[...tables, PARTITION].flatMap((table) => [
      [
        `a trigger of another is on ${table}`,
        `${table}: hush (not of this library)`,
        `create trigger hush before update on ${table} ${call}`,
        `drop trigger hush on ${table}`,
      ] as const,
    ]),
    ...tables.map(
      (table) =>
        [
          `a rule is on ${table}`,
          `${table}: hush (not of this library)`,
          `create rule hush as on insert to ${table} do instead nothing`,
          `drop rule hush on ${table}`,
        ] as const,
    ),
  ];
}

function removalsOnSqlite(): Removal[] {
  const names = [
    ...TABLES.flatMap((table) => ['no_update', 'no_delete', 'no_replace'].map((guard) => `${table}_${guard}`)),
    'sys_audit_logs_note_unsealed',
    'sys_audit_logs_id_form',
    'sys_audit_purges_form',
  ];
  const hollow = 'sys_audit_logs_no_update';
  return [
    ...names.map((name): Removal => [`${name} is dropped`, name, [`drop trigger ${name}`], []]),
    [
      `${hollow} does nothing`,
      hollow,
      [`drop trigger ${hollow}`, `create trigger ${hollow} before update on sys_audit_logs begin select 1; end`],
      [],
    ],
  ];
}

function removalsOnPostgresql(): Removal[] {
  const guards = [
    ...TABLES.flatMap((table) => [
      { table, name: `${table}_append_only`, when: 'before update or delete', each: 'row', calls: 'sys_audit_refuse' },
      { table, name: `${table}_no_truncate`, when: 'before truncate', each: 'statement', calls: 'sys_audit_refuse' },
    ]),
    { table: PARTITION, name: `${PARTITION}_no_truncate`, when: 'before truncate', each: 'statement', calls: 'sys_audit_refuse' },
    {
      table: 'sys_audit_logs',
      name: 'sys_audit_logs_note_unsealed',
      when: 'after insert',
      each: 'row',
      calls: 'sys_audit_note_unsealed',
    },
  ];
  const dropped = guards.map(({ table, name, when, each, calls }): Removal => {
    const create = `create trigger ${name} ${when} on ${table} for each ${each} execute function ${calls}()`;
    const always = `alter table ${table} enable always trigger ${name}`;
    return [`${name} is dropped`, `${table}: ${name}`, [`drop trigger ${name} on ${table}`], [create, always]];
  });
  const change = (what: string, state: string, table: string, name: string): Removal => [
    `${name} of ${table} is ${what}`,
    `${table}: ${name}`,
    [`alter table ${table} ${state} trigger ${name}`],
    [`alter table ${table} enable always trigger ${name}`],
  ];
  const rowGuard = 'sys_audit_logs_append_only';
  const create = `create trigger ${rowGuard} before update or delete on sys_audit_logs for each row`;
  const restored = [
    `drop trigger ${rowGuard} on sys_audit_logs`,
    `${create} execute function sys_audit_refuse()`,
    `alter table sys_audit_logs enable always trigger ${rowGuard}`,
  ];
  return [
    ...dropped,
    change('disabled', 'disable', 'sys_audit_logs', rowGuard),
    change('not always on', 'enable', 'sys_audit_logs', rowGuard),
    change('for replicas only', 'enable replica', 'sys_audit_checkpoints', 'sys_audit_checkpoints_append_only'),
    change('disabled', 'disable', PARTITION, rowGuard),
    change('disabled', 'disable', PARTITION, `${PARTITION}_no_truncate`),
    [
      'a guard has a condition',
      `sys_audit_logs: ${rowGuard}`,
      [
        restored[0]!,
        `${create} when (false) execute function sys_audit_refuse()`,
        `alter table sys_audit_logs enable always trigger ${rowGuard}`,
      ],
      restored,
    ],
    [
      'a partition is added without its guard',
      'sys_audit_logs_p202001: sys_audit_logs_p202001_no_truncate',
      [
        `create table sys_audit_logs_p202001 partition of sys_audit_logs for values
           from ('016f5e66e80000000000000000000000') to ('016ffe0b3c0000000000000000000000')`,
      ],
      ['drop table sys_audit_logs_p202001'],
    ],
    [
      'a function of the guards has another path',
      'sys_audit_refuse()',
      ['alter function sys_audit_refuse() reset search_path'],
      ['alter function sys_audit_refuse() set search_path = public, pg_temp'],
    ],
    [
      'the list is not filled as its owner',
      'sys_audit_note_unsealed()',
      ['alter function sys_audit_note_unsealed() security invoker'],
      ['alter function sys_audit_note_unsealed() security definer'],
    ],
    [
      'the function of the guards does nothing',
      'sys_audit_refuse()',
      [
        `alter function sys_audit_refuse() rename to sys_audit_refused`,
        `create function sys_audit_refuse() returns trigger language plpgsql as 'begin return new; end'`,
      ],
      [`drop function sys_audit_refuse()`, `alter function sys_audit_refused() rename to sys_audit_refuse`],
    ],
  ];
}
