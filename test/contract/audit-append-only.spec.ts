import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId, UnitOfWork } from 'nestjs-host-database';
import { AuditService } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { ATTACKS, type AttackTarget, type Attempt, wholeRows } from '../support/audit-attacks.js';

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
      const { em, globalUsers, tenantCatalogs } = guarded.hostDatabase;
      em.remove(await globalUsers.findOneOrFail({ id: user.id }));
      em.remove(await tenantCatalogs.findOneOrFail({ id: tenant.id }));
      await em.flush();
      expect(await globalUsers.count({ id: user.id })).toBe(0);
    });
    // Deleting may have added rows of its own.
    expect(await wholeRows(guarded, type, 'sys_audit_logs')).toEqual(expect.arrayContaining(before));
  });

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
