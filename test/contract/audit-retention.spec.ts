import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { genId, UnitOfWork } from 'nestjs-host-database';
import {
  type AuditAnchor,
  AuditLegalHolds,
  AuditOptions,
  AuditPurgeNotPermittedError,
  AuditRetention,
  auditGrants,
  HostAuditLog,
  LegalHoldNotFoundError,
  type PurgeReason,
  RetentionNotConfiguredError,
} from 'nestjs-host-database/audit';
import { JobSchedulesService } from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = { keyId: 'k', sign: (bytes: Uint8Array) => sign(null, bytes, privateKey) };
const publicKeys = { k: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
const anchor = (name: string): AuditAnchor => ({ name, keep: async () => undefined });

const MONTHS = ['2024-01', '2024-02', '2024-03'] as const;
const CUT_OFFS = ['2024-02-01', '2024-03-01', '2024-04-01'].map((day) => firstIdOf(new Date(`${day}T00:00:00.000Z`)));
const ROWS_PER_MONTH = 3;

describe.each(['sqlite', 'postgresql'] as const)(`${AuditRetention.name} on %s`, (database) => {
  let host: TestHost;
  let sut: AuditRetention;
  let tenantId: string;

  beforeEach(async () => {
    await start({ retention: { days: 365 }, sealing: { signer, publicKeys, verifyAt: false, anchors: [anchor('vault')] } });
    tenantId = genId();
    for (const month of MONTHS) await fillMonth(month);
  });

  afterEach(async () => {
    await host.close();
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
    await expectKept([{ kind: 'not-sealed', rows: 3 }]);
  });

  it('keeps what an anchor does not have', async () => {
    await seal();
    await expectKept([{ kind: 'not-anchored', anchor: 'vault', checkpoints: 1 }]);
  });

  it('keeps everything where there is no anchor', async () => {
    await seal();
    await restart({ retention: { days: 365 } });
    await expectKept([{ kind: 'no-anchor' }]);
  });

  it.each([
    ['a row that is in no checkpoint', `delete from sys_audit_unsealed`, { sealed: false }],
    ['a row that was changed', `update sys_audit_logs set leaf_hash = 'x' where id = (select min(id) from sys_audit_logs)`, {}],
    ['a row that is missing', `delete from sys_audit_logs where id = (select min(id) from sys_audit_logs)`, {}],
  ])('keeps the evidence of %s', async (_what, tampering, { sealed = true }) => {
    if (sealed) await seal();
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
    await expectKept([{ kind: 'legal-hold', holdId: hold.id, tenantId }]);
    expect((await host.run(() => holds.list())).map(({ id }) => id)).toEqual([elsewhere.id, hold.id]);

    await host.run(() => holds.release(hold.id));
    await expect(host.run(() => holds.release(hold.id))).rejects.toBeInstanceOf(LegalHoldNotFoundError);
    const all = await host.run(() => holds.place({ tenantId: null, reason: 'an investigation' }));
    await expectKept([{ kind: 'legal-hold', holdId: all.id, tenantId: null }]);

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
    const schedules = () => host.run(() => host.get(JobSchedulesService).list());
    expect((await schedules()).map(({ name }) => name)).toContain('audit.purge-rows');
    await restart({});
    await expect(sut.purge()).rejects.toBeInstanceOf(RetentionNotConfiguredError);
    expect((await schedules()).filter(({ isActive }) => isActive).map(({ name }) => name)).not.toContain('audit.purge-rows');
  });

  if (database === 'postgresql') {
    it('drops the partitions of the months, and keeps rows that are in none', async () => {
      await fillMonth('2024-05', { partition: false });
      await seal();
      await anchorAll('vault');
      expect(await sut.purge()).toEqual({
        purgedThrough: CUT_OFFS[2],
        rows: 9,
        kept: [{ kind: 'outside-partitions', rows: ROWS_PER_MONTH }],
      });
      expect(await execute(`select 1 from pg_class where relname like 'sys\\_audit\\_logs\\_p2024%' and relkind = 'r'`)).toEqual([]);
    });

    it('tells a role that does not own the table that it cannot', async () => {
      await seal();
      await anchorAll('vault');
      const role = `app_${genId()}`;
      await execute(`create role "${role}"`);
      await execute(auditGrants({ role }));
      try {
        await execute(`alter database "${String(host.options.database?.name)}" set role "${role}"`);
        await restartSharing();
        await expect(sut.purge()).rejects.toBeInstanceOf(AuditPurgeNotPermittedError);
        expect(await rows()).toHaveLength(9);
      } finally {
        await execute('reset role');
        await execute(`alter database "${String(host.options.database?.name)}" reset role`);
        await execute(`reassign owned by "${role}" to current_user`);
        await execute(`drop owned by "${role}"`);
        await execute(`drop role "${role}"`);
      }
    });
  }

  async function start(audit: Partial<AuditOptions>): Promise<void> {
    host = await createTestHost({ database, options: { audit } });
    host.clock.set(new Date());
    sut = host.get(AuditRetention);
  }
});
