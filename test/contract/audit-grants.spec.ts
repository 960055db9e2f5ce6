import { UsersService } from 'nestjs-host-database/users';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { genId, InvalidInputError, UnitOfWork } from 'nestjs-host-database';
import {
  AuditErasure,
  auditGrants,
  AuditLegalHolds,
  AuditSealer,
  AuditService,
  AuditVerifier,
  Ed25519Signer,
  generateSigningKey,
} from 'nestjs-host-database/audit';
import type { TestHost } from 'nestjs-host-database/testing';
import { hostOn } from '../support/audit-hosts.js';
import { wholeRows } from '../support/audit-attacks.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

const signer = new Ed25519Signer(generateSigningKey().privateKey);
const audit = {
  encryption: { keyId: 'k', keys: { k: randomBytes(32) } },
  sealing: { signer, publicKeys: { [signer.keyId]: signer.publicKey }, verifyAt: false, everyMs: 3_600_000 } as const,
};
const role = `app_${genId()}`;
const ROW = `(id, event_type, canonical, leaf_hash, created_at) values ('${'0'.repeat(32)}', 'x', '{}', 'forged', now())`;

/** On PostgreSQL only: SQLite has no roles. */
describe(auditGrants.name, () => {
  let scratch: ScratchDatabase;
  let owner: TestHost;
  let application: TestHost;

  beforeAll(async () => {
    scratch = await scratchDatabase('postgresql');
    owner = await hostOn(scratch, audit);
    await execute(owner, `create role "${role}" login password 'secret'`);
    await execute(owner, auditGrants({ role }));
    const url = Object.assign(new URL(scratch.options.url!), { username: role, password: 'secret' }).href;
    application = await hostOn({ ...scratch, options: { ...scratch.options, url } }, audit, { migrate: 'check' });
    await owner.run(() => owner.get(AuditService).record({ eventType: 'privacy.subject-erased', targetId: genId() }));
  });

  afterAll(async () => {
    await application.close();
    await execute(owner, `drop owned by "${role}"`);
    await execute(owner, `drop role "${role}"`);
    await owner.close();
    await scratch.drop();
  });

  it('lets the application do its work: record, read, seal, erase, hold, and keep everything else', async () => {
    const user = await application.newUser();
    await application.run(async () => {
      await application
        .get(AuditService)
        .record({ eventType: 'privacy.subject-erased', targetId: user.id, actorUserId: user.id });
      await application.get(AuditErasure).eraseSubject(user.id);
      const hold = await application.get(AuditLegalHolds).place({ tenantId: null, reason: 'a case' });
      await application.get(AuditLegalHolds).release(hold.id);
      expect(await application.get(AuditService).findByTarget(user.id)).toHaveLength(3);
      (await application.get(UsersService).getById(user.id)).lastLogin = new Date();
    });
    // The trigger has noted each row, although the role may not.
    expect(await execute(application, 'select log_id from sys_audit_unsealed order by 1')).toEqual(
      await execute(owner, 'select id as log_id from sys_audit_logs order by 1'),
    );
  });

  it('lets the application seal, which takes from the list what is in a checkpoint', async () => {
    expect(await application.get(AuditSealer).seal()).toMatchObject({ isBusy: false, sealed: expect.any(Number) });
    expect(await execute(application, 'select log_id from sys_audit_unsealed')).toEqual([]);
    expect(await application.get(AuditVerifier).verify()).toMatchObject({ ok: true });
  });

  it.each([
    `update sys_audit_logs set leaf_hash = 'forged'`,
    `delete from sys_audit_logs`,
    `truncate sys_audit_logs`,
    `update sys_audit_logs_p0 set leaf_hash = 'forged'`,
    `delete from sys_audit_logs_p0`,
    `truncate sys_audit_logs_p0`,
    `insert into sys_audit_logs ${ROW} on conflict (id) do update set leaf_hash = 'forged'`,
    `alter table sys_audit_logs disable trigger sys_audit_logs_append_only`,
    `alter table sys_audit_logs disable trigger all`,
    `drop trigger sys_audit_logs_append_only on sys_audit_logs`,
    `drop table sys_audit_logs_p0`,
    `alter table sys_audit_logs detach partition sys_audit_logs_p0`,
    `alter function sys_audit_refuse() rename to sys_audit_refused`,
    `set session_replication_role = replica`,
    `update sys_audit_checkpoints set hash = 'forged'`,
    `delete from sys_audit_checkpoints`,
    `truncate sys_audit_checkpoints`,
    `alter table sys_audit_checkpoints disable trigger all`,
    `insert into sys_audit_unsealed (log_id, scope) select id, 'host' from sys_audit_logs limit 1 on conflict do nothing`,
    `create temp table of_my_own (id text)`,
    `create schema "${role}" create table sys_audit_logs (id text)`,
    `insert into sys_audit_purges (id, purged_through, rows, purged_at) values ('x', 'f', 1, now())`,
  ])('refuses: %s', async (statement) => {
    const before = await wholeRows(owner, 'postgresql', 'sys_audit_logs');
    expect(before).not.toEqual([]);
    // The owner is refused by the guards only: the statement is a right one.
    await expect(asOwnerWithoutGuards(statement)).resolves.toBeUndefined();

    await expect(execute(application, statement)).rejects.toMatchObject({ code: '42501' });

    expect(await wholeRows(application, 'postgresql', 'sys_audit_logs')).toEqual(before);
  });

  it.each([`with "quotes"`, '', 'a'.repeat(64), '$grants$'])('refuses a name like %j', (name) => {
    expect(() => auditGrants({ role: name })).toThrow(InvalidInputError);
  });

  it('refuses a role that no grant binds', async () => {
    const [current] = await execute<{ name: string }>(owner, 'select current_user as name');
    await expect(execute(owner, auditGrants({ role: current!.name }))).rejects.toThrow(/superuser/);
    await execute(owner, `create role "${role}_2"`);
    await execute(owner, `grant "${current!.name}" to "${role}_2"`);
    try {
      await expect(execute(owner, auditGrants({ role: `${role}_2` }))).rejects.toThrow(/owner/);
    } finally {
      await execute(owner, `drop role "${role}_2"`);
    }
  });

  it('lets nobody have the trigger that adds to the list on a table of their own', async () => {
    const may = `select has_function_privilege('${role}', 'sys_audit_note_unsealed()', 'execute') as may`;
    expect(await execute(owner, may)).toEqual([{ may: false }]);
    await execute(owner, `grant execute on function sys_audit_note_unsealed() to "${role}"`);
    expect(await execute(owner, may)).toEqual([{ may: true }]);
    await execute(owner, auditGrants({ role }));
    expect(await execute(owner, may)).toEqual([{ may: false }]);
  });

  it('refuses a role that may make temporary tables by another role', async () => {
    const names = [`${role}_3`, `${role}_4`];
    for (const name of names) await execute(owner, `create role "${name}"`);
    const [current] = await execute<{ name: string }>(owner, 'select current_database() as name');
    await execute(owner, `grant temporary on database "${current!.name}" to "${names[1]}"`);
    try {
      await execute(owner, auditGrants({ role: names[0]! }));
      await execute(owner, `grant "${names[1]}" to "${names[0]}"`);
      await expect(execute(owner, auditGrants({ role: names[0]! }))).rejects.toThrow(/temporary tables/);
    } finally {
      for (const name of names) {
        await execute(owner, `drop owned by "${name}"`);
        await execute(owner, `drop role "${name}"`);
      }
    }
  });

  it('keeps everybody out of the database who was not let in by name, where that is asked for', async () => {
    const stranger = `${role}_5`;
    await execute(owner, `create role "${stranger}"`);
    const may = (who: string) => execute(owner, `select has_database_privilege('${who}', current_database(), 'connect') as may`);
    try {
      await execute(owner, auditGrants({ role }));
      expect(await may(stranger)).toEqual([{ may: true }]);
      await execute(owner, auditGrants({ role, closeToPublic: true }));
      expect(await may(stranger)).toEqual([{ may: false }]);
      expect(await may(role)).toEqual([{ may: true }]);
    } finally {
      const [current] = await execute<{ name: string }>(owner, 'select current_database() as name');
      await execute(owner, `grant connect on database "${current!.name}" to public`);
      await execute(owner, `drop role "${stranger}"`);
    }
  });

  async function asOwnerWithoutGuards(statement: string): Promise<void> {
    const undone = new Error('undone');
    const unitOfWork = owner.get(UnitOfWork);
    const work = unitOfWork.run(() =>
      unitOfWork.transactional(async (em) => {
        const tables = await em.execute<{ name: string }[]>(
          `select oid::regclass::text as name from pg_class where relkind in ('r', 'p') and relname ~ '^sys_audit_(logs|checkpoints)'`,
        );
        for (const { name } of tables) await em.execute(`alter table ${name} disable trigger user`);
        await em.execute(statement);
        throw undone;
      }),
    );
    await work.catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  }

  function execute<T>(host: TestHost, sql: string): Promise<T[]> {
    return host.get(UnitOfWork).run((em: SqlEntityManager) => em.execute<T[]>(sql));
  }
});
