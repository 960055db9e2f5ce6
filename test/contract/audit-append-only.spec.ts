import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId, UnitOfWork } from 'nestjs-host-database';
import { AuditService } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { ATTACKS, type AttackTarget, type Attempt, wholeRows } from '../support/audit-attacks.js';
import { endLife } from '../support/tenant-lives.js';

const TARGETS: readonly (AttackTarget & { readonly hasPartitions: boolean })[] = [
  { table: 'sys_audit_logs', column: 'leaf_hash', property: 'leafHash', hasPartitions: true },
  { table: 'sys_audit_checkpoints', column: 'hash', property: 'hash', hasPartitions: false },
];

describe.each(['sqlite', 'postgresql'] as const)('the append-only tables on %s', (type) => {
  let guarded: TestHost;
  /** As the other one, without its guards: there each attack does what it is meant to do. */
  let bare: TestHost;

  beforeAll(async () => {
    guarded = await createTestHost({ database: type });
    bare = await createTestHost({ database: type });
    await dropGuards(bare);
  });

  afterAll(async () => {
    await guarded.close();
    await bare.close();
  });

  describe.each(TARGETS)('$table', ({ hasPartitions, ...target }) => {
    let id: string;

    beforeEach(async () => {
      id = genId();
      for (const host of [guarded, bare]) await addRow(host, target.table, id);
    });

    const attacks = ATTACKS.filter(({ on = type, ofPartitions }) => on === type && (!ofPartitions || hasPartitions));

    it.each(attacks)('refuses $name', async ({ run }) => {
      const attempt = (host: TestHost): Attempt => ({ ...target, host, type, id });

      const open = await wholeRows(bare, type, target.table);
      expect(open.some((row) => row.includes(id))).toBe(true);
      await run(attempt(bare));
      expect(await wholeRows(bare, type, target.table)).not.toEqual(open);

      const before = await wholeRows(guarded, type, target.table);
      expect(before.some((row) => row.includes(id))).toBe(true);
      await expect(run(attempt(guarded))).rejects.toThrow(/append-only/);
      expect(await wholeRows(guarded, type, target.table)).toEqual(before);
    });
  });

  if (type === 'sqlite') {
    it('refuses to replace a checkpoint by another one of its number', async () => {
      const replaceBy = async (host: TestHost) => {
        const id = genId();
        await addRow(host, 'sys_audit_checkpoints', id);
        const columns = 'scope, seq, size, first_id, last_id, body, hash, key_id, signature, manifest, sealed_at';
        const before = await wholeRows(host, type, 'sys_audit_checkpoints');
        const replacing = host
          .get(UnitOfWork)
          .run((em) =>
            em.execute(
              `insert or replace into sys_audit_checkpoints (id, ${columns}) select ?, ${columns} from sys_audit_checkpoints where id = ?`,
              [genId(), id],
            ),
          );
        return { before, replacing, after: () => wholeRows(host, type, 'sys_audit_checkpoints') };
      };
      const open = await replaceBy(bare);
      await open.replacing;
      expect(await open.after()).not.toEqual(open.before);
      const closed = await replaceBy(guarded);
      await expect(closed.replacing).rejects.toThrow(/append-only/);
      expect(await closed.after()).toEqual(closed.before);
    });
  }

  if (type === 'sqlite') {
    it.each(['sys_audit_logs', 'sys_audit_checkpoints', 'sys_audit_anchorings', 'sys_audit_purges'])(
      'gives %s no row ids, by which a row could be replaced past its key',
      async (table) => {
        await expect(execute(guarded, `insert or replace into ${table} (rowid) values (1)`)).rejects.toThrow(
          /no column named rowid/,
        );
        await expect(execute(guarded, `insert or replace into sys_audit_unsealed (rowid) values (1)`)).rejects.toThrow(
          /NOT NULL/,
        );
      },
    );

    const nextMonths = [1, 2].map((months) => {
      const now = new Date();
      const begin = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1);
      return begin.toString(16).padStart(12, '0') + '0'.repeat(20);
    });

    it.each([
      { what: 'what is no id', through: `'g'`, isSealed: true },
      { what: 'what is longer than an id', through: `'${'0'.repeat(32)}' || char(0) || 'f'`, isSealed: true },
      { what: 'the months to come', through: `'${nextMonths[1]}'`, isSealed: true },
      { what: 'rows that wait for the sealer', through: `'${nextMonths[0]}'`, isSealed: false },
    ])('refuses a purge of $what', async ({ through, isSealed }) => {
      const purge = `insert into sys_audit_purges (id, purged_through, rows, purged_at) values ('${genId()}', ${through}, 0, 0)`;
      for (const host of [guarded, bare]) await addRow(host, 'sys_audit_logs', genId());
      if (isSealed) await execute(guarded, 'delete from sys_audit_unsealed');
      const before = await wholeRows(guarded, type, 'sys_audit_logs');
      await execute(bare, purge);
      await expect(execute(guarded, purge)).rejects.toThrow(/append-only/);
      await expect(execute(guarded, 'delete from sys_audit_logs')).rejects.toThrow(/append-only/);
      expect(await wholeRows(guarded, type, 'sys_audit_logs')).toEqual(before);
    });
  }

  it.each(['', 'g', 'F'.repeat(32), 'f'.repeat(31), `${'0'.repeat(31)}-`, ' '.repeat(32), `${'0'.repeat(31)}\n`])(
    'refuses a row under %j, which is no id and would be read by nobody',
    async (id) => {
      await addRow(bare, 'sys_audit_logs', id);
      await expect(addRow(guarded, 'sys_audit_logs', id)).rejects.toThrow(/append-only/);
      expect(await execute(guarded, `select 1 from sys_audit_logs where id = '${id}'`)).toEqual([]);
    },
  );

  it('lets no session put a table of its own in the place of the log', async () => {
    const shadow = `create temp table sys_audit_logs as select * from sys_audit_logs`;
    await expect(execute(guarded, shadow)).rejects.toMatchObject({ code: 'AUDIT_LOG_SHADOWED' });
    await execute(guarded, 'create temp table of_my_own (id text)');
  });

  it('leaves the rows of a person and of a tenant as they were when those are deleted', async () => {
    const user = await guarded.newUser();
    const tenant = await guarded.newTenant({ provisioned: false });
    await guarded.run(() =>
      guarded
        .get(AuditService)
        .record({ eventType: 'privacy.subject-erased', targetId: user.id, actorUserId: user.id, tenantId: tenant.id }),
    );
    const before = await wholeRows(guarded, type, 'sys_audit_logs');
    expect(before.some((row) => row.includes(user.id) && row.includes(tenant.id))).toBe(true);
    await guarded.run(async () => {
      const { em, globalUsers } = guarded.hostDatabase;
      em.remove(await globalUsers.findOneOrFail({ id: user.id }));
      em.remove(await endLife(em, tenant.id));
      await em.flush();
      expect(await globalUsers.count({ id: user.id })).toBe(0);
    });
    // Deleting may have added rows of its own.
    expect(await wholeRows(guarded, type, 'sys_audit_logs')).toEqual(expect.arrayContaining(before));
  });

  function execute<T>(host: TestHost, sql: string): Promise<T[]> {
    return host.get(UnitOfWork).run((em) => em.execute<T[]>(sql));
  }

  async function addRow(host: TestHost, table: string, id: string): Promise<void> {
    const now = type === 'sqlite' ? String(Date.now()) : 'now()';
    const insert =
      table === 'sys_audit_logs'
        ? `insert into sys_audit_logs (id, event_type, details, canonical, leaf_hash, created_at)
           values ('${id}', 'users.signed-in', '{"a":1}', '{}', 'leaf', ${now})`
        : `insert into sys_audit_checkpoints
             (id, scope, seq, size, first_id, last_id, body, hash, key_id, signature, manifest, sealed_at)
           values ('${id}', '${id}', 1, 1, '${id}', '${id}', '{}', 'hash', 'k', 's', 'm', ${now})`;
    await host.get(UnitOfWork).run((em) => em.execute(insert));
  }

  async function dropGuards(host: TestHost): Promise<void> {
    await host.get(UnitOfWork).run(async (em) => {
      const guards = await em.execute<{ statement: string }[]>(
        type === 'sqlite'
          ? `select 'drop trigger ' || name as statement from sqlite_schema where type = 'trigger'`
          : `select format('drop trigger %I on %s', tgname, tgrelid::regclass) as statement from pg_trigger
             where tgparentid = 0 and not tgisinternal and tgrelid::regclass::text like 'sys\\_audit\\_%'`,
      );
      expect(guards.length).toBeGreaterThan(8);
      for (const { statement } of guards) await em.execute(statement);
    });
  }
});
