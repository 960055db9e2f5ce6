import { createHash } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { genId } from 'nestjs-host-database';
import {
  AuditAnchoringService,
  type AuditFindingKind,
  AuditSealer,
  AuditService,
  AuditVerifier,
} from 'nestjs-host-database/audit';
import {
  createSealedHost,
  type Execute,
  executeOn,
  MemoryAnchor,
  recordRows,
  type SealedHost,
  withoutGuards,
} from '../support/audit-log.js';

interface Mutation {
  readonly name: string;
  readonly kinds: readonly AuditFindingKind[];
  /** What is found without what an anchor has kept, where that differs. */
  readonly withoutKept?: readonly AuditFindingKind[];
  readonly apply: (log: TamperedLog) => Promise<unknown>;
}

/** Three checkpoints of four rows each, and two rows that are not sealed. */
interface TamperedLog {
  readonly host: SealedHost;
  readonly execute: Execute;
  readonly sealed: readonly string[];
  readonly unsealed: readonly string[];
}

const COPIED = `tenant_id, actor_user_id, impersonator_user_id, event_type, schema_version, outcome, target_type, target_id, details,
  ip_address, user_agent, request_id`;

const leafHash = (canonical: string) => createHash('sha256').update(`\0${canonical}`).digest('hex');

async function canonicalOf({ execute }: TamperedLog, id: string): Promise<string> {
  const [row] = await execute<{ canonical: string }>('select canonical from sys_audit_logs where id = ?', id);
  return row!.canonical;
}

/** Changes a row so that it agrees with itself. */
async function forge(log: TamperedLog, id: string): Promise<void> {
  const canonical = (await canonicalOf(log, id)).replace('"row ', '"ROW ');
  const details = JSON.stringify((JSON.parse(canonical) as { details: unknown }).details);
  const sql = 'update sys_audit_logs set canonical = ?, leaf_hash = ?, details = ? where id = ?';
  await log.execute(sql, canonical, leafHash(canonical), details, id);
}

async function copyRow(log: TamperedLog, from: string, to: string, canonical: string): Promise<void> {
  await log.execute(
    `insert into sys_audit_logs (id, ${COPIED}, created_at, canonical, leaf_hash)
     select ?, ${COPIED}, created_at, ?, ? from sys_audit_logs where id = ?`,
    to,
    canonical,
    leafHash(canonical),
    from,
  );
}

/** Lets the log be sealed anew from its beginning, as whoever has the key can. */
async function sealAnew({ host, execute }: TamperedLog): Promise<void> {
  await execute('delete from sys_audit_checkpoints');
  await execute('delete from sys_audit_unsealed');
  await execute(`insert into sys_audit_unsealed (log_id, scope) select id, coalesce(tenant_id, 'host') from sys_audit_logs`);
  await host.get(AuditSealer).seal();
}

/** Removes the first rows as retention would, but for the event that tells of it. */
async function purge({ host, execute, sealed }: TamperedLog): Promise<{ purgedThrough: string; rows: number }> {
  const [rows, purgedThrough] = [4, sealed[4]!];
  const now = host.options.database?.type === 'sqlite' ? Date.now() : new Date().toISOString();
  const insert = 'insert into sys_audit_purges (id, purged_through, rows, purged_at) values (?, ?, ?, ?)';
  await execute(insert, genId(), purgedThrough, rows, now);
  await execute('delete from sys_audit_logs where id < ?', purgedThrough);
  return { purgedThrough, rows };
}

const MUTATIONS: readonly Mutation[] = [
  { name: 'nothing', kinds: [], apply: async () => undefined },
  {
    name: 'a column of a sealed row',
    kinds: ['edited'],
    apply: ({ execute, sealed }) =>
      execute(`update sys_audit_logs set event_type = 'audit.legal-hold-released' where id = ?`, sealed[5]),
  },
  {
    name: 'its time',
    kinds: ['edited'],
    apply: async ({ execute, sealed }) => {
      const sql = 'update sys_audit_logs set created_at = (select created_at from sys_audit_logs where id = ?) where id = ?';
      await execute(sql, sealed[0], sealed[5]);
    },
  },
  {
    name: 'a value deep inside its details',
    kinds: ['edited'],
    apply: ({ execute, sealed }) =>
      execute(
        'update sys_audit_logs set details = ? where id = ?',
        '{"reason":"row 5","nested":{"deep":{"value":6}}}',
        sealed[5],
      ),
  },
  { name: 'a sealed row with its text and hash', kinds: ['edited'], apply: (log) => forge(log, log.sealed[5]!) },
  {
    name: 'a column of a row that is not sealed',
    kinds: ['edited'],
    apply: ({ execute, unsealed }) => execute(`update sys_audit_logs set target_id = 'x' where id = ?`, unsealed[0]),
  },
  {
    name: 'a row deleted in the middle',
    kinds: ['missing'],
    apply: ({ execute, sealed }) => execute('delete from sys_audit_logs where id = ?', sealed[5]),
  },
  {
    name: 'the last sealed rows deleted',
    kinds: ['missing', 'missing', 'missing', 'missing'],
    apply: ({ execute, sealed }) => execute('delete from sys_audit_logs where id in (?, ?, ?, ?)', ...sealed.slice(-4)),
  },
  {
    name: 'a row deleted before it was sealed',
    kinds: ['missing'],
    apply: ({ execute, unsealed }) => execute('delete from sys_audit_logs where id = ?', unsealed[0]),
  },
  {
    name: 'the last checkpoint deleted with its rows',
    kinds: ['truncated'],
    withoutKept: [],
    apply: async ({ execute, sealed }) => {
      await execute('delete from sys_audit_logs where id in (?, ?, ?, ?)', ...sealed.slice(-4));
      await execute('delete from sys_audit_checkpoints where seq = 3');
    },
  },
  {
    name: 'all of the log deleted',
    kinds: ['truncated'],
    withoutKept: [],
    apply: async ({ execute }) => {
      for (const table of ['logs', 'checkpoints', 'anchorings', 'unsealed']) await execute(`delete from sys_audit_${table}`);
    },
  },
  {
    name: 'the first rows removed, and a cut-off written that no event tells of',
    kinds: ['missing', 'missing', 'missing', 'missing'],
    apply: purge,
  },
  {
    name: 'the first rows removed by retention, which its event tells of',
    kinds: [],
    apply: async (log) => {
      const details = await purge(log);
      const event = { eventType: 'audit.rows-purged', tenantId: null, details } as const;
      const { id } = await log.host.run(() => log.host.get(AuditService).record(event));
      // The triggers are off.
      await log.execute(`insert into sys_audit_unsealed (log_id, scope) values (?, 'host')`, id);
      // While the event waits, and when it is sealed.
      expect(await log.host.get(AuditVerifier).verify({ kept: [] })).toMatchObject({ ok: true });
      await log.host.get(AuditSealer).seal();
    },
  },
  {
    name: 'two rows exchanged',
    kinds: ['reordered', 'reordered'],
    apply: async ({ execute, sealed }) => {
      const between = genId();
      const rename = (from: string, to: string) => execute('update sys_audit_logs set id = ? where id = ?', to, from);
      await rename(sealed[2]!, between);
      await rename(sealed[7]!, sealed[2]!);
      await rename(between, sealed[7]!);
    },
  },
  {
    name: 'a row inserted between sealed ones',
    kinds: ['not-sealed-in-time'],
    apply: async (log) => {
      const [from, to] = [log.sealed[5]!, `${log.sealed[5]!.slice(0, -1)}${log.sealed[5]!.endsWith('0') ? '1' : '0'}`];
      await copyRow(log, from, to, (await canonicalOf(log, from)).replaceAll(from, to));
      await log.host.get(AuditSealer).seal();
    },
  },
  {
    name: 'a sealed row copied to another id',
    kinds: ['replayed'],
    apply: async (log) => copyRow(log, log.sealed[5]!, genId(), await canonicalOf(log, log.sealed[5]!)),
  },
  {
    // The sealer leaves it out: whoever can write to the list must not make every verification to come fail.
    name: 'a sealed row given to the sealer again',
    kinds: [],
    apply: async ({ host, execute, sealed }) => {
      await execute(`insert into sys_audit_unsealed (log_id, scope) values (?, 'host')`, sealed[5]);
      await host.get(AuditSealer).seal();
      expect(await execute('select 1 from sys_audit_unsealed where log_id = ?', sealed[5])).toEqual([]);
    },
  },
  {
    name: 'rows hidden from the sealer',
    kinds: ['not-sealed-in-time', 'not-sealed-in-time'],
    apply: ({ execute }) => execute('delete from sys_audit_unsealed'),
  },
  {
    name: 'a row from the future that is hidden from the sealer',
    kinds: ['not-sealed-in-time'],
    apply: async (log) => {
      const [from, to] = [log.sealed[5]!, genId()];
      const canonical = (await canonicalOf(log, from)).replaceAll(from, to).replace(/"createdAt":"\d+/, '"createdAt":"2999');
      await copyRow(log, from, to, canonical);
      const { createdAt } = JSON.parse(canonical) as { createdAt: string };
      const time = log.host.options.database?.type === 'sqlite' ? Date.parse(createdAt) : createdAt;
      await log.execute('update sys_audit_logs set created_at = ? where id = ?', time, to);
      await log.execute('delete from sys_audit_unsealed where log_id = ?', to);
      await log.host.get(AuditSealer).seal();
    },
  },
  {
    name: 'a row moved to another scope',
    kinds: ['inserted', 'missing'],
    apply: ({ execute, sealed }) => execute('update sys_audit_logs set tenant_id = ? where id = ?', genId(), sealed[5]),
  },
  {
    name: 'the manifest of a checkpoint',
    kinds: ['checkpoint-edited'],
    apply: async (log) => {
      const hash = leafHash(await canonicalOf(log, log.sealed[5]!));
      const sql = 'update sys_audit_checkpoints set manifest = replace(manifest, ?, ?) where seq = 2';
      await log.execute(sql, hash, leafHash('another'));
    },
  },
  {
    name: 'the body of the last checkpoint',
    kinds: ['checkpoint-edited'],
    apply: ({ execute }) =>
      execute(`update sys_audit_checkpoints set body = replace(body, '"size":4', '"size":5') where seq = 3`),
  },
  {
    name: 'the signature of a checkpoint',
    kinds: ['bad-signature'],
    apply: ({ execute }) =>
      execute(
        'update sys_audit_checkpoints set signature = (select signature from sys_audit_checkpoints where seq = 1) where seq = 2',
      ),
  },
  {
    name: 'a checkpoint deleted in the middle',
    kinds: ['broken-chain'],
    apply: ({ execute }) => execute('delete from sys_audit_checkpoints where seq = 2'),
  },
  {
    name: 'everything written anew with another key',
    kinds: Array.from({ length: 4 }, () => 'bad-signature' as const),
    apply: async (log) => {
      await forge(log, log.sealed[5]!);
      const { signer } = log.host;
      signer.rotate();
      await sealAnew(log);
      delete signer.publicKeys[signer.keyId];
    },
  },
  {
    name: 'everything written anew with the stolen key',
    kinds: ['rewritten', 'rewritten', 'rewritten'],
    withoutKept: [],
    apply: async (log) => {
      await forge(log, log.sealed[5]!);
      await sealAnew(log);
    },
  },
];

describe.each(['sqlite', 'postgresql'] as const)(`${AuditVerifier.name} on %s`, (database) => {
  const anchor = new MemoryAnchor();
  let log: TamperedLog;

  // Findings are errors of the log too.
  beforeAll(() => void jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined));
  beforeEach(async () => {
    anchor.kept.length = 0;
    const host = await createSealedHost(database, { rowsPerCheckpoint: 4, anchors: [anchor], maxUnsealedMs: 60_000 });
    const sealed = await recordRows(host, 12);
    await host.get(AuditSealer).seal();
    await host.get(AuditAnchoringService).anchor();
    log = { host, execute: executeOn(host), sealed, unsealed: await recordRows(host, 2) };
  });
  afterEach(async () => {
    await log.host.close();
  });

  /** How many rows there are. */
  const count = async () => Number((await log.execute<{ rows: number }>('select count(*) as rows from sys_audit_logs'))[0]?.rows);

  const isLate = ({ kinds }: Mutation) => kinds.includes('not-sealed-in-time');

  it.each(MUTATIONS)('gives the verdict $kinds on: $name', async (mutation) => {
    const { apply, kinds, withoutKept = kinds } = mutation;
    const { host } = log;
    await withoutGuards(host, () => apply(log));
    if (isLate(mutation)) host.clock.advance(60_500);
    const sut = host.get(AuditVerifier);
    for (const [kept, expected] of [
      [anchor.kept, kinds],
      [[], withoutKept],
    ] as const) {
      const rows = await count();
      const result = await sut.verify({ kept });
      const found = result.reports.flatMap(({ findings }) => findings.map(({ kind }) => kind));
      expect({ found: found.toSorted(), checked: result.checkedRows }).toEqual({ found: expected.toSorted(), checked: rows });
      expect(result).toMatchObject({ ok: expected.length === 0, findings: expected.length });
      const limits = result.reports.find(({ scope }) => scope === 'host')?.limits.join(' ');
      expect(limits?.includes('No checkpoint that was kept outside')).toBe(kept.length === 0);
    }
  });
});
