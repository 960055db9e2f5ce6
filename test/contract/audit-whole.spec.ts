import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContextService, genId } from 'nestjs-host-database';
import {
  AuditErasure,
  AuditExporter,
  AuditFeed,
  AuditProofs,
  AuditReader,
  type AuditReport,
  AuditSealer,
  AuditService,
  AuditVerifier,
  defineAuditEvents,
  detailsOf,
  Ed25519Signer,
  generateSigningKey,
} from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const run = promisify(execFile);
const VERIFY = fileURLToPath(new URL('../../libs/host-database/src/audit/integrity/verify-cli.ts', import.meta.url));
const HOOKS = fileURLToPath(new URL('../support/typescript-hooks.mjs', import.meta.url));
const PLANTED = ['grace.hopper@navy.example', '198.51.100.77', 'Mozilla/5.0 (planted)'] as const;

const events = defineAuditEvents({
  'letters.sent': {
    details: detailsOf<{ to: string; userId: string }>(),
    personal: { to: 'details.userId' },
    targetType: 'letter',
  },
});

describe.each(['sqlite', 'postgresql'] as const)('the log as a whole on %s', (database) => {
  const key = generateSigningKey();
  let host: TestHost;
  let directory: string;
  let userId: string;
  let tenantId: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'audit-'));
    const audit = {
      events: [events],
      sealing: {
        signer: new Ed25519Signer(key.privateKey),
        publicKeys: { [key.keyId]: key.publicKey },
        rowsPerCheckpoint: 5,
        verifyAt: false as const,
      },
      encryption: { keyId: 'k1', keys: { k1: randomBytes(32) } },
    };
    host = await createTestHost({ database, options: { audit } });
    const [email, ipAddress, userAgent] = PLANTED;
    const user = await host.newUser({ email });
    ({ id: userId } = user);
    ({ id: tenantId } = await host.newTenant());
    await host.get(ContextService).run({ actorUserId: userId, ipAddress, userAgent }, () =>
      host.run(async () => {
        for (let index = 0; index < 12; index++) {
          await host.get(AuditService).recordUnchecked({
            eventType: 'letters.sent',
            targetId: `letter-${index}`,
            tenantId: index % 2 === 0 ? tenantId : null,
            details: { to: email, userId },
          });
        }
      }),
    );
    await host.get(AuditSealer).seal();
  });
  afterAll(async () => {
    await host.close();
    await rm(directory, { recursive: true, force: true });
  });

  const exportOf = async (scope: string) => {
    const lines: string[] = [];
    await host.run(async () => {
      for await (const line of host.get(AuditExporter).exportJsonl({ scope }, { proofs: true })) lines.push(line);
    });
    return lines.join('');
  };
  /** The program that a third party runs, in a process of its own: without a database, without the application. */
  const verifyFile = async (text: string) => {
    const [file, keys] = [join(directory, `${genId()}.jsonl`), join(directory, 'keys.json')];
    await writeFile(file, text);
    await writeFile(keys, JSON.stringify({ [key.keyId]: key.publicKey }));
    const flags = ['-C', 'dev-source', '--disable-warning=ExperimentalWarning', '--import', HOOKS, VERIFY];
    // By the clock of the host: to that of the program its rows are of the future.
    const madeAt = host.clock.now().toISOString();
    const ended = await run(process.execPath, [...flags, file, '--keys', keys, '--now', madeAt, '--json']).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => error,
    );
    const [report] = (JSON.parse(ended.stdout) as { reports: AuditReport[] }).reports;
    return { code: ended.code, findings: report?.findings, checkedRows: report?.checkedRows };
  };
  const entriesOf = (scope: string) =>
    host.run(async () => (await host.get(AuditReader).find({ scope, eventType: 'letters.sent' })).rows);

  it("is verified by a third party from a tenant's export, which holds no other tenant's row", async () => {
    const text = await exportOf(tenantId);
    const rows = text.split('\n').filter((line) => line.includes('"kind":"row"'));
    expect(rows.length).toBeGreaterThanOrEqual(6);
    expect(await verifyFile(text)).toEqual({ code: 0, findings: [], checkedRows: rows.length });
    expect(rows.every((line) => (JSON.parse(line) as { tenantId: string }).tenantId === tenantId)).toBe(true);
  });

  it('has an edit found by the third party', async () => {
    const edited = (await exportOf(tenantId)).replace('letter-0', 'letter-9');
    expect(await verifyFile(edited)).toMatchObject({ code: 1, findings: [{ kind: 'edited' }] });
  });

  it('hands every sealed row to a follower once, in pages', async () => {
    await host.get(AuditSealer).seal();
    const ids: string[] = [];
    await host.run(async () => {
      for (let after: string | undefined; ;) {
        const page = await host.get(AuditFeed).read({ limit: 3, ...(after !== undefined && { after }) });
        if (page.events.length === 0) break;
        ids.push(...page.events.map(({ id }) => id));
        after = page.cursor;
      }
    });
    const stored = await host.run(() => host.hostDatabase.auditLogs.findAll({ fields: ['id'] }));
    expect(ids.toSorted()).toEqual(stored.map(({ id }) => id).toSorted());
  });

  it('forgets a person, and stays as it was sealed', async () => {
    const before = await entriesOf('host');
    expect(before[0]).toMatchObject({ details: { to: PLANTED[0] }, ipAddress: PLANTED[1], userAgent: PLANTED[2] });
    const proof = await host.run(() => host.get(AuditProofs).proveInclusion(before[0]!.id));

    await host.run(() => host.get(AuditErasure).eraseSubject(userId, { reason: 'asked for it' }));

    const after = await entriesOf('host');
    expect(after).toHaveLength(before.length);
    expect(
      after.every(({ details, ipAddress, userAgent }) =>
        [details?.to, ipAddress, userAgent].every((text) => text === '[erased]'),
      ),
    ).toBe(true);
    await host.get(AuditSealer).seal();
    expect(await host.get(AuditVerifier).verify()).toMatchObject({ ok: true });
    expect((await host.run(() => host.get(AuditProofs).proveInclusion(before[0]!.id))).canonical).toBe(proof.canonical);
    const text = await exportOf('host');
    expect(PLANTED.filter((planted) => text.includes(planted))).toEqual([]);
    expect((await verifyFile(text)).code).toBe(0);
    const csv: string[] = [];
    await host.run(async () => {
      for await (const line of host.get(AuditExporter).exportCsv({ scope: 'all' })) csv.push(line);
    });
    expect(PLANTED.filter((planted) => csv.join('').includes(planted))).toEqual([]);
  });
});
