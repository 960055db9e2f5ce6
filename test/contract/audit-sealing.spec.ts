import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { genId, HostDatabase } from 'nestjs-host-database';
import {
  AuditAnchoringService,
  AuditInTransactionError,
  AuditService,
  AuditProofs,
  AuditRowNotFoundError,
  AuditRowNotSealedError,
  AuditSealer,
  AuditSealingNotConfiguredError,
  AuditSignatureInvalidError,
  AuditVerifier,
  generateSigningKey,
  type InclusionProof,
  type SealResult,
  verifyInclusion,
} from 'nestjs-host-database/audit';
import { createTestHost } from 'nestjs-host-database/testing';
import { createSealedHost, executeOn, recordRows, RotatingSigner, type SealedHost, withoutGuards } from '../support/audit-log.js';
import { scratchDatabase } from '../support/scratch-database.js';
import { startSealedApplication } from '../support/sealed-application.js';

interface CheckpointRow {
  readonly scope: string;
  readonly seq: number;
  readonly size: number;
  readonly manifest: string;
}

const CHECKPOINTS = 'select scope, seq, size, manifest from sys_audit_checkpoints order by scope, seq';

/** The rows in a list of checkpoints, with those that are in several. */
const idsIn = (checkpoints: readonly CheckpointRow[]) =>
  checkpoints.flatMap(({ manifest }) => manifest.split('\n').map((line) => line.slice(0, 32)));

// What is wrong with rows is told in the log of the process too.
beforeAll(() => void jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined));

describe.each(['sqlite', 'postgresql'] as const)(`${AuditSealer.name} on %s`, (database) => {
  let host: SealedHost;
  let sut: AuditSealer;

  beforeEach(async () => {
    host = await createSealedHost(database, { rowsPerCheckpoint: 10 });
    sut = host.get(AuditSealer);
  });
  afterEach(async () => {
    await host.close();
  });

  const checkpoints = () => executeOn(host)<CheckpointRow>(CHECKPOINTS);
  const verify = () => host.get(AuditVerifier).verify();

  it('seals each row once, a chain for the host and for each tenant', async () => {
    const [one, other] = [genId(), genId()];
    const ids = [...(await recordRows(host, 25)), ...(await recordRows(host, 3, one)), ...(await recordRows(host, 11, other))];
    expect(await sut.seal()).toEqual({ sealed: 39, checkpoints: 6, isBusy: false });
    expect(await sut.seal()).toEqual({ sealed: 0, checkpoints: 0, isBusy: false });

    const sealed = await checkpoints();
    expect(sealed.map(({ scope, seq, size }) => `${scope} ${seq} ${size}`)).toEqual(
      ['host 1 10', 'host 2 10', 'host 3 5', `${one} 1 3`, `${other} 1 10`, `${other} 2 1`].toSorted(),
    );
    expect(idsIn(sealed).toSorted()).toEqual(ids.toSorted());
    expect(await executeOn(host)('select * from sys_audit_unsealed')).toEqual([]);
    expect(await verify()).toMatchObject({ ok: true, scopes: 3, checkedRows: 39, checkedCheckpoints: 6 });
  });

  it('leaves out what was rolled back, and finds nothing wrong with the gap', async () => {
    const before = await recordRows(host, 2);
    const work = host.run(() =>
      host.hostDatabase.transactional(async () => {
        await host.get(AuditService).record({ eventType: 'audit.legal-hold-placed', details: { reason: 'none' } });
        throw new Error('no');
      }),
    );
    await expect(work).rejects.toThrow('no');
    const after = await recordRows(host, 2);
    await sut.seal();
    expect(idsIn(await checkpoints())).toEqual([...before, ...after]);
    expect(await verify()).toMatchObject({ ok: true, checkedRows: 4 });
  });

  it('goes on with another key, and the checkpoints of the former one stay valid', async () => {
    await recordRows(host, 2);
    await sut.seal();
    host.signer.rotate();
    await recordRows(host, 2);
    await sut.seal();
    const keys = await executeOn(host)<{ key: string }>('select distinct key_id as key from sys_audit_checkpoints');
    expect(new Set(keys.map(({ key }) => key))).toEqual(new Set(Object.keys(host.signer.publicKeys)));
    expect(await verify()).toMatchObject({ ok: true, checkedCheckpoints: 2 });
  });

  it('stores nothing that the public key does not verify', async () => {
    await recordRows(host, 2);
    host.signer.publicKeys[host.signer.keyId] = generateSigningKey().publicKey;
    await expect(sut.seal()).rejects.toThrow(AuditSignatureInvalidError);
    expect(await checkpoints()).toEqual([]);
  });

  it('seals the other rows where one cannot be sealed, of which the verification tells', async () => {
    const ids = await recordRows(host, 2);
    await withoutGuards(host, async (execute) => {
      await execute(
        `insert into sys_audit_logs (id, event_type, schema_version, outcome, canonical, leaf_hash, created_at)
         select 'no id', event_type, schema_version, outcome, canonical, 'no hash', created_at from sys_audit_logs where id = ?`,
        ids[0],
      );
      await execute(`insert into sys_audit_unsealed (log_id, scope) values ('no id', 'host')`);
    });
    expect(await sut.seal()).toMatchObject({ sealed: 2 });
    host.clock.advance(120_000);
    const { reports } = await verify();
    expect(reports.flatMap(({ findings }) => findings.map(({ id }) => id))).toEqual(['no id']);
  });

  it('holds nothing while a signer takes its time: another process may seal, and then this one stores nothing', async () => {
    const ids = await recordRows(host, 3);
    const sign = host.signer.sign.bind(host.signer);
    const meanwhile: SealResult[] = [];
    const slow = jest.spyOn(host.signer, 'sign').mockImplementationOnce((async (bytes: Uint8Array) => {
      meanwhile.push(await sut.seal());
      return sign(bytes);
    }) as never);
    expect(await sut.seal()).toEqual({ sealed: 0, checkpoints: 0, isBusy: true });
    slow.mockRestore();
    expect(meanwhile).toEqual([{ sealed: 3, checkpoints: 1, isBusy: false }]);
    expect(idsIn(await checkpoints())).toEqual(ids);
    expect(await verify()).toMatchObject({ ok: true, checkedRows: 3, checkedCheckpoints: 1 });
  });

  it('refuses to run inside a transaction, for whose end it would wait', async () => {
    const inTransaction = (work: () => Promise<unknown>) => host.run(() => host.hostDatabase.transactional(work));
    await expect(inTransaction(() => sut.seal())).rejects.toThrow(AuditInTransactionError);
    await expect(inTransaction(() => host.get(AuditAnchoringService).anchor())).rejects.toThrow(AuditInTransactionError);
  });

  it('says when the log is not sealed at all', async () => {
    const unsealed = await createTestHost({ database });
    await expect(unsealed.get(AuditSealer).seal()).rejects.toThrow(AuditSealingNotConfiguredError);
    await expect(unsealed.get(AuditVerifier).verify()).rejects.toThrow(AuditSealingNotConfiguredError);
    await unsealed.close();
  });

  it('records each verification and answers what the last one of the whole log was', async () => {
    const verifier = host.get(AuditVerifier);
    expect(await verifier.lastResult()).toBeUndefined();
    await recordRows(host, 3);
    await sut.seal();
    const { verifiedAt } = await verify();
    host.clock.advance(1_000);
    await verifier.verify({ scope: 'host' });
    const expected = { verifiedAt, ok: true, scopes: 1, checkedRows: 3, checkedCheckpoints: 1, keptCheckpoints: 0, findings: 0 };
    expect(await verifier.lastResult()).toEqual(expected);
  });

  describe(AuditProofs.name, () => {
    it('proves a row to whoever has no database, also when more was sealed since', async () => {
      const [, id = ''] = await recordRows(host, 7);
      await sut.seal();
      const proofs = host.get(AuditProofs);
      const proof = await proofs.proveInclusion(id);
      await recordRows(host, 100);
      await sut.seal();
      expect(await proofs.proveInclusion(id)).toEqual(proof);

      const sent = JSON.parse(JSON.stringify(proof)) as InclusionProof;
      const verdict = verifyInclusion(sent, host.signer.publicKeys);
      expect(verdict).toMatchObject({ valid: true, record: { id, details: { reason: 'row 1' } }, checkpoint: { seq: 1 } });
      const forged = { ...sent, canonical: sent.canonical.replace('row 1', 'row 2') };
      expect(verifyInclusion(forged, host.signer.publicKeys)).toEqual({ valid: false, reason: 'not-included' });
    });

    it('has none for a row that is not sealed, not there, or of another scope', async () => {
      const tenantId = genId();
      const [id = ''] = await recordRows(host, 1, tenantId);
      const proofs = host.get(AuditProofs);
      await expect(proofs.proveInclusion(id)).rejects.toThrow(AuditRowNotSealedError);
      await sut.seal();
      await expect(proofs.proveInclusion(genId())).rejects.toThrow(AuditRowNotFoundError);
      await expect(proofs.proveInclusion(id, { scope: 'host' })).rejects.toThrow(AuditRowNotFoundError);
      await expect(proofs.proveInclusion(id, { scope: tenantId })).resolves.toMatchObject({ leafIndex: 0 });
    });
  });
});

describe.each(['sqlite', 'postgresql'] as const)('several processes that seal on %s', (type) => {
  it('seal each row once between them, in one whole chain', async () => {
    const scratch = await scratchDatabase(type);
    const signer = new RotatingSigner();
    const sealing = { signer, publicKeys: signer.publicKeys, rowsPerCheckpoint: 7, verifyAt: false } as const;
    const start = () => startSealedApplication({ database: scratch.options, sealing });
    const apps = [await start(), await start()];
    const [first] = apps;
    try {
      const ids: string[] = [];
      const results: SealResult[] = [];
      for (let index = 0; index < 60; index++) {
        // By turns: on SQLite, two that write at the same time would have to be in processes of their own.
        const app = apps[index % 2]!;
        const event = { eventType: 'audit.legal-hold-placed', details: { reason: `row ${index}` } } as const;
        ids.push((await app.get(HostDatabase).run(() => app.get(AuditService).record(event))).id);
        if (index % 3 === 0) results.push(...(await Promise.all([...apps, ...apps].map((each) => each.get(AuditSealer).seal()))));
      }
      results.push(await first!.get(AuditSealer).seal());

      const sealed = await first!.get(HostDatabase).run((em) => em.execute<CheckpointRow[]>(CHECKPOINTS));
      expect(idsIn(sealed).toSorted()).toEqual(ids.toSorted());
      expect(sealed.map(({ seq }) => seq)).toEqual(sealed.map((_, index) => index + 1));
      expect(results.reduce((sum, result) => sum + result.sealed, 0)).toBe(60);
      // They did meet.
      expect(results.some(({ isBusy }) => isBusy)).toBe(true);
      expect(await first!.get(AuditVerifier).verify()).toMatchObject({ ok: true, checkedRows: 60 });
    } finally {
      for (const app of apps) await app.close();
      await scratch.drop();
    }
  });
});

/** On SQLite one transaction writes at a time. */
describe('a slow transaction on postgresql', () => {
  it('is sealed when it has committed, after rows with larger ids, and is no false alarm', async () => {
    // The verification waits for the sealer for twice as long as it may take to come by.
    const host = await createSealedHost('postgresql', { everyMs: 30_000, maxUnsealedMs: 60_000 });
    const record = () => host.get(AuditService).record({ eventType: 'audit.legal-hold-placed', details: { reason: 'slow' } });
    const sealer = host.get(AuditSealer);
    const recorded = Promise.withResolvers<string>();
    const mayCommit = Promise.withResolvers<void>();
    const slow = host.run(() =>
      host.hostDatabase.transactional(async () => {
        recorded.resolve((await record()).id);
        await mayCommit.promise;
      }),
    );
    const slowId = await recorded.promise;
    const fast = await recordRows(host, 3);
    expect(await sealer.seal()).toMatchObject({ sealed: 3 });
    expect(fast[0]! > slowId).toBe(true);

    // Long after its row was made, and before the sealer has come by.
    host.clock.advance(300_000);
    mayCommit.resolve();
    await slow;
    const verifying = host.get(AuditVerifier).verify();
    const [result] = await Promise.all([verifying, delayedSeal(sealer)]);
    expect(result).toMatchObject({ ok: true, checkedRows: 4 });

    const sealed = await executeOn(host)<CheckpointRow>(CHECKPOINTS);
    expect(sealed.map((checkpoint) => idsIn([checkpoint]))).toEqual([fast, [slowId]]);
    const again = await host.get(AuditVerifier).verify({ scope: 'host' });
    expect(again).toMatchObject({ ok: true });
    expect(again.reports[0]).toMatchObject({ sealedRows: 4, sealedLateRows: 1 });
    await host.close();
  });

  it('is a finding when the sealer does not come by', async () => {
    const host = await createSealedHost('postgresql', { everyMs: 50, maxUnsealedMs: 60_000 });
    const [id] = await recordRows(host, 1);
    host.clock.advance(300_000);
    const { reports } = await host.get(AuditVerifier).verify();
    expect(reports[0]?.findings).toMatchObject([{ kind: 'not-sealed-in-time', id }]);
    await host.close();
  });
});

async function delayedSeal(sealer: AuditSealer): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 100));
  await sealer.seal();
}
