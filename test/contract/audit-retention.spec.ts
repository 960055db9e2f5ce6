import { generateKeyPairSync, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { genId, UnitOfWork } from 'nestjs-host-database';
import {
  type AuditAnchor,
  AuditLegalHolds,
  type AuditOptions,
  AuditPurgeNotPermittedError,
  AuditRetention,
  auditGrants,
  HostAuditLog,
  LegalHoldNotFoundError,
  type PurgeReason,
  RetentionNotConfiguredError,
} from 'nestjs-host-database/audit';
import { JobSchedulesService, JobsService } from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { hostOn } from '../support/audit-hosts.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = { keyId: 'k', sign: (bytes: Uint8Array) => sign(null, bytes, privateKey) };
const publicKeys = { k: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
const anchor = (name: string): AuditAnchor => ({ name, keep: async () => undefined });

const AUDIT: Partial<AuditOptions> = {
  retention: { days: 365 },
  sealing: { signer, publicKeys, verifyAt: false, anchors: [anchor('vault')] },
};
const MONTHS = ['2024-01', '2024-02', '2024-03'] as const;
/** The ids of a moment begin with its milliseconds. */
const idAt = (time: string, rest = '') => new Date(time).getTime().toString(16).padStart(12, '0') + rest.padEnd(20, '0');
const CUT_OFFS = ['2024-02-01', '2024-03-01', '2024-04-01'].map((day) => idAt(day));
const ROWS_PER_MONTH = 3;

describe.each(['sqlite', 'postgresql'] as const)(`${AuditRetention.name} on %s`, (database) => {
  let scratch: ScratchDatabase;
  let host: TestHost;
  let sut: AuditRetention;
  let tenantId: string;

  beforeEach(async () => {
    scratch = await scratchDatabase(database);
    await start(AUDIT);
    tenantId = genId();
    for (const month of MONTHS) await fillMonth(month);
  });

  afterEach(async () => {
    await host.close();
    await scratch.drop();
  });

  it('removes whole months that are over, sealed and anchored, and says so in the log', async () => {
    await seal();
    await anchorAll('vault');
    const checkpoints = await execute('select * from sys_audit_checkpoints order by id');

    const result = await sut.purge();

    expect(result).toEqual({ purgedThrough: CUT_OFFS[2], rows: 3 * ROWS_PER_MONTH, kept: [] });
    const left = await rows();
    expect(left.map(({ eventType, details }) => ({ eventType, details }))).toEqual(
      CUT_OFFS.map((purgedThrough) => ({ eventType: 'audit.rows-purged', details: { purgedThrough, rows: ROWS_PER_MONTH } })),
    );
    expect(await execute('select purged_through as through from sys_audit_purges order by id')).toEqual(
      CUT_OFFS.map((through) => ({ through })),
    );
    expect(await execute('select * from sys_audit_checkpoints order by id')).toEqual(checkpoints);
    expect(await sut.purge()).toEqual({ purgedThrough: null, rows: 0, kept: [] });
  });

  it('removes nothing and only tells when asked to', async () => {
    await seal();
    await anchorAll('vault');
    expect(await sut.purge({ dryRun: true })).toEqual({ purgedThrough: CUT_OFFS[2], rows: 9, kept: [] });
    expect(await rows()).toHaveLength(9);
    expect(await execute('select 1 from sys_audit_purges')).toEqual([]);
  });

  it('keeps months whose time is not over', async () => {
    await seal();
    await anchorAll('vault');
    host.clock.set(new Date('2025-02-28T23:59:59.999Z'));
    expect(await sut.purge()).toMatchObject({ purgedThrough: CUT_OFFS[0], rows: 3, kept: [] });
    host.clock.set(new Date('2025-03-01T00:00:00.000Z'));
    expect(await sut.purge()).toMatchObject({ purgedThrough: CUT_OFFS[1], rows: 3, kept: [] });
  });

  it('keeps what is not sealed', async () => {
    await anchorAll('vault');
    expect(await keptBecauseOf()).toEqual([{ kind: 'not-sealed', rows: 3 }]);
  });

  it('keeps what an anchor does not have', async () => {
    await seal();
    expect(await keptBecauseOf()).toEqual([{ kind: 'not-anchored', anchor: 'vault', checkpoints: 1 }]);
  });

  it('keeps everything where there is no anchor', async () => {
    await seal();
    await restart({ retention: { days: 365 } });
    expect(await keptBecauseOf()).toEqual([{ kind: 'no-anchor' }]);
  });

  it.each([
    ['a row that is in no checkpoint', `delete from sys_audit_unsealed`],
    ['a row that was changed', `update sys_audit_logs set leaf_hash = 'x' where id = (select min(id) from sys_audit_logs)`],
    ['a row that is missing', `delete from sys_audit_logs where id = (select min(id) from sys_audit_logs)`],
  ])('keeps the evidence of %s', async (what, tampering) => {
    if (!what.includes('no checkpoint')) await seal();
    await anchorAll('vault');
    await unguarded(() => execute(tampering));
    const { purgedThrough, kept } = await sut.purge();
    expect({ purgedThrough, kinds: kept.map(({ kind }) => kind) }).toEqual({ purgedThrough: null, kinds: ['not-as-sealed'] });
  });

  it('keeps what is held, from the month of the first held row on, until it is released', async () => {
    await seal();
    await anchorAll('vault');
    const holds = host.get(AuditLegalHolds);
    const elsewhere = await host.run(() => holds.place({ tenantId: genId(), reason: 'another case' }));
    const hold = await host.run(() => holds.place({ tenantId, reason: 'a case' }));
    expect(await keptBecauseOf()).toEqual([{ kind: 'legal-hold', holdId: hold.id, tenantId }]);
    expect((await host.run(() => holds.list())).map(({ id }) => id)).toEqual([elsewhere.id, hold.id]);

    await host.run(() => holds.release(hold.id));
    await expect(host.run(() => holds.release(hold.id))).rejects.toBeInstanceOf(LegalHoldNotFoundError);
    const all = await host.run(() => holds.place({ tenantId: null, reason: 'an investigation' }));
    expect(await keptBecauseOf()).toEqual([{ kind: 'legal-hold', holdId: all.id, tenantId: null }]);

    await host.run(() => holds.release(all.id));
    expect(await sut.purge()).toMatchObject({ purgedThrough: CUT_OFFS[2], kept: [] });
    expect(await host.run(() => holds.list({ released: true }))).toHaveLength(3);
    const events = (await rows()).filter(({ eventType }) => eventType.startsWith('audit.legal-hold'));
    expect(events.map((row) => [row.eventType, row.tenantId, row.details?.reason])).toEqual([
      ['audit.legal-hold-placed', elsewhere.tenantId, 'another case'],
      ['audit.legal-hold-placed', tenantId, 'a case'],
      ['audit.legal-hold-released', tenantId, 'a case'],
      ['audit.legal-hold-placed', null, 'an investigation'],
      ['audit.legal-hold-released', null, 'an investigation'],
    ]);
  });

  it('does not run, and is not scheduled, without a time after which rows are removed', async () => {
    const schedulesOf = (of: TestHost) => of.run(() => of.get(JobSchedulesService).list());
    expect((await schedulesOf(host)).map(({ name }) => name)).toContain('audit.purge-rows');
    const keeping = await createTestHost({ database });
    try {
      expect((await schedulesOf(keeping)).map(({ name }) => name)).not.toContain('audit.purge-rows');
      await expect(keeping.get(AuditRetention).purge()).rejects.toBeInstanceOf(RetentionNotConfiguredError);
    } finally {
      await keeping.close();
    }
  });

  it('removes them every night', async () => {
    await seal();
    await anchorAll('vault');
    await host.run(() => host.get(JobsService).enqueue('audit.purge-rows', null));
    await host.jobs.drain();
    expect(await execute('select 1 from sys_audit_purges')).toHaveLength(3);
  });

  if (database === 'postgresql') {
    it('adds the partitions that are missing when it starts, the guarded way', async () => {
      const partitions = () =>
        execute<{ name: string }>(
          `select relname as name from pg_class where relname like 'sys\\_audit\\_logs\\_p2%' and relkind = 'r' order by 1`,
        );
      const before = await partitions();
      await execute(`drop table ${before.at(-1)!.name}`);
      await restart(AUDIT);
      expect(await partitions()).toEqual(before);
      await restart(AUDIT);
    });

    it('drops the partitions of the months, and keeps rows that are in none', async () => {
      await fillMonth('2024-05', { partition: false });
      await seal();
      await anchorAll('vault');
      expect(await sut.purge()).toEqual({
        purgedThrough: CUT_OFFS[2],
        rows: 9,
        kept: [{ kind: 'outside-partitions', rows: ROWS_PER_MONTH }],
      });
      expect(await execute(`select 1 from pg_class where relname like 'sys\\_audit\\_logs\\_p2024%' and relkind = 'r'`)).toEqual(
        [],
      );
    });

    it('removes rows that were in no partition of their month when the owner has moved them to one', async () => {
      await fillMonth('2024-05', { partition: false });
      await seal();
      await anchorAll('vault');
      const before = await rows();
      const unsealed = await execute('select * from sys_audit_unsealed');
      expect(await execute('select sys_audit_move_from_default()::int as moved')).toEqual([{ moved: ROWS_PER_MONTH }]);
      expect(await rows()).toEqual(before);
      expect(await execute('select * from sys_audit_unsealed')).toEqual(unsealed);
      await expect(execute('delete from sys_audit_logs_p202405')).rejects.toThrow(/append-only/);
      // The boot looks at every guard.
      await restart(AUDIT);
      expect(await sut.purge()).toEqual({ purgedThrough: idAt('2024-06-01'), rows: 12, kept: [] });
    });

    it('tells a role that does not own the table that it cannot', async () => {
      await seal();
      await anchorAll('vault');
      const role = `app_${genId()}`;
      await execute(`create role "${role}" login password 'secret'`);
      await execute(auditGrants({ role }));
      const url = Object.assign(new URL(scratch.options.url!), { username: role, password: 'secret' }).href;
      const application = await hostOn({ ...scratch, options: { ...scratch.options, url } }, AUDIT, { migrate: 'check' });
      try {
        await expect(application.get(AuditRetention).purge()).rejects.toBeInstanceOf(AuditPurgeNotPermittedError);
        expect(await rows()).toHaveLength(9);
      } finally {
        await application.close();
        await execute(`drop owned by "${role}"`);
        await execute(`drop role "${role}"`);
      }
    });
  }

  async function start(audit: Partial<AuditOptions>): Promise<void> {
    host = await hostOn(scratch, audit);
    host.clock.set(new Date());
    sut = host.get(AuditRetention);
  }

  async function restart(audit: Partial<AuditOptions>): Promise<void> {
    await host.close();
    await start(audit);
  }

  /** Tries to remove rows, none of which goes, and returns why. */
  async function keptBecauseOf(): Promise<readonly PurgeReason[]> {
    const before = await rows();
    const { purgedThrough, rows: removed, kept } = await sut.purge();
    expect({ purgedThrough, removed }).toEqual({ purgedThrough: null, removed: 0 });
    expect(await rows()).toEqual(before);
    return kept;
  }

  /** Writes rows as they were written in that month, into the partition that the month had. The last ones are a tenant's. */
  async function fillMonth(month: string, { partition = true } = {}): Promise<void> {
    if (database === 'postgresql' && partition) await addPartition(month);
    await host.run(async () => {
      for (let day = 1; day <= ROWS_PER_MONTH; day++) {
        const createdAt = new Date(`${month}-${String(day).padStart(2, '0')}T12:00:00.000Z`);
        await host.hostDatabase.em.insert(HostAuditLog, {
          id: idAt(createdAt.toISOString(), genId().slice(12)),
          tenantId: day === ROWS_PER_MONTH ? tenantId : null,
          eventType: 'users.signed-in',
          schemaVersion: 1,
          outcome: 'success',
          canonical: '{}',
          leafHash: genId() + genId(),
          createdAt,
        });
      }
    });
  }

  async function addPartition(month: string): Promise<void> {
    const name = `sys_audit_logs_p${month.replace('-', '')}`;
    const begin = new Date(month);
    const end = new Date(Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth() + 1, 1));
    const range = `from ('${idAt(begin.toISOString())}') to ('${idAt(end.toISOString())}')`;
    await execute(`create table ${name} partition of sys_audit_logs for values ${range}`);
    await execute(
      `create trigger ${name}_no_truncate before truncate on ${name} for each statement execute function sys_audit_refuse()`,
    );
    await execute(`alter table ${name} enable always trigger ${name}_no_truncate`);
  }

  /** What the sealer does, as far as removing rows goes by it: a checkpoint of all rows that have none. */
  async function seal(): Promise<void> {
    const leaves = await execute<{ id: string; leaf: string }>(
      `select id, id || ':' || leaf_hash as leaf from sys_audit_logs join sys_audit_unsealed on log_id = id order by id`,
    );
    const [size, firstId, lastId] = [leaves.length, leaves[0]!.id, leaves.at(-1)!.id];
    const manifest = leaves.map(({ leaf }) => leaf).join('\n');
    const sealedAt = database === 'sqlite' ? Date.now() : new Date().toISOString();
    await execute(
      `insert into sys_audit_checkpoints (id, scope, seq, size, first_id, last_id, body, hash, key_id, signature, manifest, sealed_at)
       values ('${genId()}', 'host', 1, ${size}, '${firstId}', '${lastId}', '{}', '', 'k', '', '${manifest}',
         ${typeof sealedAt === 'number' ? sealedAt : `'${sealedAt}'`})`,
    );
    await execute('delete from sys_audit_unsealed');
  }

  async function anchorAll(name: string): Promise<void> {
    const now = database === 'sqlite' ? '0' : 'now()';
    await execute(
      `insert into sys_audit_anchorings (checkpoint_id, anchor, anchored_at) select id, '${name}', ${now} from sys_audit_checkpoints`,
    );
  }

  /** What somebody does who may take the guards away. */
  async function unguarded(work: () => Promise<unknown>): Promise<void> {
    if (database === 'postgresql') {
      await execute('alter table sys_audit_logs disable trigger user');
      await work();
      return;
    }
    const guards = await execute<{ name: string; sql: string }>(
      `select name, sql from sqlite_schema where type = 'trigger' and tbl_name = 'sys_audit_logs'`,
    );
    for (const { name } of guards) await execute(`drop trigger ${name}`);
    await work();
    for (const { sql } of guards) await execute(sql);
  }

  function rows(): Promise<HostAuditLog[]> {
    return host.run(() => host.hostDatabase.em.find(HostAuditLog, {}, { orderBy: { id: 'asc' }, disableIdentityMap: true }));
  }

  function execute<T>(sql: string): Promise<T[]> {
    return host.get(UnitOfWork).run((em: SqlEntityManager) => em.execute<T[]>(sql));
  }
});
