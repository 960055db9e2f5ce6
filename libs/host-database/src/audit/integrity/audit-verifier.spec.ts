import { beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  type Log,
  makeLog,
  makeRecord,
  NOW,
  rewrite,
  type Row,
  rowOf,
  seal,
  TENANT,
  verify,
} from '../../../test/audit/audit-log-in-memory.js';
import { genId } from '../../common/index.js';
import { type AuditRecord, canonicalText } from './audit-record.js';
import { verifyAuditLog } from './audit-verifier.js';
import { checkpointHash, leafHash } from './hashes.js';
import { decodeManifest, encodeManifest } from './manifest.js';
import { generateSigningKey } from './signing.js';
import type { AuditReport } from './verification-report.js';

let log: Log;
const row = (index: number): Row => log.rows[index]!;
const checkpoint = (seq: number) => log.checkpoints[seq - 1]!;
const kept = () => log.checkpoints.map(({ body, signature }) => ({ body, signature }));

/** Writes the canonical text, and by default its hash, anew after a change of the record. */
function recordAnew(target: Row, change: Partial<AuditRecord>): void {
  const record = { ...(JSON.parse(target.canonical) as AuditRecord), ...change };
  Object.assign(target, rowOf(record));
}

/** Changes the body of a checkpoint as somebody without the key can. */
function changeBody(seq: number, change: object): void {
  const { body } = checkpoint(seq);
  checkpoint(seq).body = JSON.stringify({ ...(JSON.parse(body) as object), ...change });
  checkpoint(seq).hash = checkpointHash(checkpoint(seq).body);
}

const findings = {
  /** Expects exactly these, by kind and place, and that every row was checked. */
  expect(report: AuditReport, ...expected: { kind: string; id?: string; seq?: number }[]): void {
    const sorted = (list: readonly object[]) => list.map((finding) => JSON.stringify(finding)).toSorted();
    const found = report.findings.map(({ kind, id, seq }) => ({ kind, id, seq }));
    expect(sorted(found)).toEqual(sorted(expected.map(({ kind, id, seq }) => ({ kind, id, seq }))));
    expect(report).toMatchObject({ ok: expected.length === 0, findingsTotal: expected.length, checkedRows: log.rows.length });
  },
};

beforeEach(async () => {
  log = await makeLog();
});

describe(verifyAuditLog.name, () => {
  describe('of an untouched log', () => {
    it.each([TENANT, null])('finds nothing and counts everything (tenant %s)', async (tenantId) => {
      log = await makeLog(tenantId);
      const report = await verify(log, { kept: kept() });
      findings.expect(report);
      expect(report).toMatchObject({ checkedRows: 34, checkedCheckpoints: 3, sealedRows: 30, unsealedRows: 4, unprovenRows: 0 });
      expect(report).toMatchObject({ purgedRows: 0, oldestUnsealedAt: NOW.toISOString() });
      expect(report.lastCheckpoint).toEqual({ seq: 3, hash: checkpoint(3).hash });
    });

    it('takes rows in any order, and times as text', async () => {
      for (const each of log.rows) each.createdAt = new Date(each.createdAt).toISOString();
      findings.expect(await verify(log, { rows: log.rows.toReversed() }));
    });

    it('takes an empty log', async () => {
      log = { ...log, rows: [], checkpoints: [] };
      const report = await verify(log, { scope: TENANT });
      findings.expect(report);
      expect(report).toMatchObject({ checkedCheckpoints: 0, lastCheckpoint: null, oldestUnsealedAt: null });
    });

    it('says what it cannot know', async () => {
      const without = await verify(log);
      const all = await verify(log, { kept: kept() });
      const some = await verify(log, { kept: kept().slice(0, 2) });
      expect(without.limits.join()).toContain('No checkpoint that was kept outside');
      expect(all.limits.join()).not.toContain('No checkpoint that was kept outside');
      expect(some.limits.join()).toContain('kept outside is 2');
      expect(all.limits.join()).toContain('4 rows are in no checkpoint');
      // Rows of two hours ago were sealed now.
      expect(all.sealedLateRows).toBe(30);
      expect((await verify(log, { maxUnsealedMs: 1e9 })).sealedLateRows).toBe(0);
    });

    it('takes keys that have been rotated', async () => {
      const next = generateSigningKey();
      await seal(log, log.rows.slice(30), next);
      const publicKeys = { [log.key.keyId]: log.key.publicKey, [next.keyId]: next.publicKey };
      findings.expect(await verify(log, { publicKeys }));
    });
  });

  describe('of rows', () => {
    it.each<[string, (target: Row) => void]>([
      ['a column', (target) => (target.targetId = 'r99')],
      ['the time', (target) => (target.createdAt = new Date(0))],
      ['an address that is taken away', (target) => (target.ipAddress = null)],
      [
        'details, deep inside',
        (target) => (target.details = { ...target.details, after: { name: '油', tags: [{ deep: { n: 2 } }] } }),
      ],
      ['details that are taken away', (target) => (target.details = null)],
      ['the canonical text', (target) => (target.canonical = target.canonical.replace('Öl', 'Ol'))],
      ['a space in the canonical text', (target) => (target.canonical += ' ')],
      ['a canonical text that is none', (target) => (target.canonical = 'null')],
      ['the hash', (target) => (target.leafHash = leafHash('other'))],
      ['the canonical text and its hash', (target) => (target.leafHash = leafHash((target.canonical += ' ')))],
      ['columns, canonical text and hash', (target) => recordAnew(target, { details: { after: 'other' } })],
      ['id, canonical text and hash', (target) => recordAnew(target, { outcome: 'denied' })],
    ])('finds edited: %s', async (_, edit) => {
      edit(row(13));
      findings.expect(await verify(log), { kind: 'edited', id: row(13).id, seq: 2 });
    });

    it('finds an edited row that is not sealed yet, if it contradicts itself', async () => {
      row(31).details = {};
      row(32).leafHash = leafHash('other');
      row(33).canonical = '{}';
      findings.expect(await verify(log), ...[31, 32, 33].map((index) => ({ kind: 'edited', id: row(index).id })));
    });

    it('finds a row that no checkpoint holds and that is dated in the future, where it would never be old enough', async () => {
      const at = (ms: number) => ({ createdAt: new Date(NOW.getTime() + ms).toISOString() });
      const maxUnsealedMs = 60_000;
      const ahead = rowOf({ ...makeRecord(), ...at(30_000) });
      const future = rowOf({ ...makeRecord(), ...at(86_400_000) });
      log.rows.push(ahead, future);
      findings.expect(await verify(log, { maxUnsealedMs }), { kind: 'not-sealed-in-time', id: future.id });
    });

    it('finds a row whose id is none', async () => {
      log.rows.unshift({ ...rowOf(makeRecord()), id: '' });
      findings.expect(await verify(log), { kind: 'inserted', id: '' });
    });

    it.each([
      ['in the middle', 13, 2],
      ['at the end of a checkpoint', 19, 2],
      ['the first', 0, 1],
      ['of a slow transaction', 5, 3],
    ])('finds missing: %s', async (_, index, seq) => {
      const [{ id }] = log.rows.splice(index, 1) as [Row];
      findings.expect(await verify(log), { kind: 'missing', id, seq });
    });

    it('finds all rows missing that were cut off a sealed checkpoint', async () => {
      const cut = log.rows.splice(25, 5);
      findings.expect(await verify(log), ...cut.map(({ id }) => ({ kind: 'missing', id, seq: 3 })));
    });

    it('finds two rows with each other’s contents reordered', async () => {
      const [one, other] = structuredClone([row(12), row(27)]);
      Object.assign(row(12), other, { id: one.id });
      Object.assign(row(27), one, { id: other.id });
      findings.expect(await verify(log), { kind: 'reordered', id: one.id }, { kind: 'reordered', id: other.id });
    });

    it('finds a row under another id reordered, and not missing too', async () => {
      row(12).id = genId();
      findings.expect(await verify(log), { kind: 'reordered', id: row(12).id });
    });

    it('finds a copy of a row under another id replayed', async () => {
      log.rows.push({ ...row(12), id: genId() });
      findings.expect(await verify(log), { kind: 'replayed', id: row(34).id });
    });

    it('finds a copy of a row in the place of another one replayed', async () => {
      Object.assign(row(13), row(12), { id: row(13).id });
      findings.expect(await verify(log), { kind: 'replayed', id: row(13).id });
    });

    it.each([12, 33])('finds a row that is there twice replayed (%i)', async (index) => {
      log.rows.splice(index, 0, row(index));
      const report = await verify(log);
      expect(report.findings).toMatchObject([{ kind: 'replayed', id: row(index).id }]);
    });

    it('finds a row of another scope, and one with the text of another row, inserted', async () => {
      const stranger = rowOf(makeRecord({ tenantId: genId() }));
      const foreign = { ...stranger, tenantId: TENANT };
      const copy = { ...row(33), id: genId() };
      log.rows.push(foreign, copy);
      findings.expect(await verify(log), { kind: 'inserted', id: foreign.id }, { kind: 'inserted', id: copy.id });
    });

    it('finds an old row that no checkpoint holds, unless its transaction is still open', async () => {
      const added = rowOf(makeRecord({ id: row(14).id.replace(/.{8}$/, 'ffffffff') }, 100));
      log.rows.splice(15, 0, added);
      findings.expect(await verify(log), { kind: 'not-sealed-in-time', id: added.id });
      expect((await verify(log)).oldestUnsealedAt).toBe((added.createdAt as Date).toISOString());
      findings.expect(await verify(log, { pending: new Set([added.id]) }));
      findings.expect(await verify(log, { maxUnsealedMs: 101 * 60_000 }));
    });

    it('takes rows below the cut-off of retention as purged, others as missing', async () => {
      const purgedThrough = row(10).id;
      const purged = log.rows.splice(0, 10);
      const report = await verify(log, { purgedThrough });
      findings.expect(report);
      expect(report).toMatchObject({ purgedRows: 10, checkedCheckpoints: 3, sealedRows: 20 });
      expect((await verify(log)).findingsByKind).toEqual({ missing: purged.length });
    });
  });

  describe('of checkpoints', () => {
    it.each<[string, object]>([
      ['the root', { rootHash: '0'.repeat(64) }],
      ['the size', { size: 9 }],
      ['the first id', { firstId: '0'.repeat(32) }],
      ['an unknown field', { note: '' }],
      ['the version', { v: 2 }],
      ['a type', { seq: '2' }],
    ])('finds a body edited: %s; and that the next one points at another', async (_, change) => {
      changeBody(2, change);
      findings.expect(await verify(log), { kind: 'checkpoint-edited', seq: 2 }, { kind: 'broken-chain', seq: 3 });
    });

    it('finds a body edited that is not canonical, or not JSON', async () => {
      for (const body of [` ${checkpoint(3).body}`, 'x']) {
        Object.assign(checkpoint(3), { body, hash: checkpointHash(body) });
        findings.expect(await verify(log), { kind: 'checkpoint-edited', seq: 3 });
      }
    });

    it.each<[string, (lines: string[]) => string[]]>([
      [
        'a hash',
        (lines) =>
          lines.with(
            3,
            lines[3]!.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
          ),
      ],
      ['a line taken out', (lines) => lines.toSpliced(3, 1)],
      ['a line added', (lines) => lines.toSpliced(3, 0, `${lines[2]!.slice(0, 31)}f:${'0'.repeat(64)}`)],
      ['hashes swapped', (lines) => lines.with(3, lines[3]!.slice(0, 33) + lines[4]!.slice(33))],
      ['no form', () => ['x']],
      ['all of it taken away', () => []],
    ])('finds a manifest edited, and lays it on no row: %s', async (_, edit) => {
      checkpoint(2).manifest = edit(checkpoint(2).manifest.split('\n')).join('\n');
      const report = await verify(log);
      findings.expect(report, { kind: 'checkpoint-edited', seq: 2 });
      expect(report.unprovenRows).toBe(10);
    });

    it('finds the row that was edited with its manifest, where a manifest was kept outside', async () => {
      const copies = structuredClone(log.checkpoints);
      recordAnew(row(13), { details: {} });
      const leaves = decodeManifest(checkpoint(2).manifest).with(3, { id: row(13).id, leafHash: row(13).leafHash });
      checkpoint(2).manifest = encodeManifest(leaves);
      findings.expect(await verify(log), { kind: 'checkpoint-edited', seq: 2 });
      const edited = { kind: 'edited', id: row(13).id, seq: 2 };
      findings.expect(await verify(log, { kept: copies }), { kind: 'checkpoint-edited', seq: 2 }, edited);
    });

    it('finds a manifest that does not ascend reordered', async () => {
      checkpoint(2).manifest = checkpoint(2).manifest.split('\n').toReversed().join('\n');
      findings.expect(await verify(log), { kind: 'reordered', seq: 2 });
    });

    it('finds an edited hash', async () => {
      checkpoint(2).hash = '0'.repeat(64);
      findings.expect(await verify(log), { kind: 'checkpoint-edited', seq: 2 });
    });

    it.each([
      ['of another body', () => checkpoint(1).signature],
      ['cut off', () => checkpoint(2).signature.slice(0, 40)],
      ['written in another way', () => `${checkpoint(2).signature}\n`],
      ['none', () => ''],
    ])('finds a bad signature: %s', async (_, signature) => {
      checkpoint(2).signature = signature();
      findings.expect(await verify(log), { kind: 'bad-signature', seq: 2 });
    });

    it('finds a changed link, or time, by the signature', async () => {
      changeBody(3, { previousHash: '0'.repeat(64) });
      findings.expect(await verify(log), { kind: 'bad-signature', seq: 3 });
      log = await makeLog();
      changeBody(3, { sealedAt: '2020-01-01T00:00:00.000Z' });
      findings.expect(await verify(log), { kind: 'bad-signature', seq: 3 });
    });

    it('finds the checkpoint that is there twice replayed, and one in the wrong scope inserted', async () => {
      const other = await makeLog(null);
      log.checkpoints.push(checkpoint(3), other.checkpoints[0]!);
      const publicKeys = { [log.key.keyId]: log.key.publicKey, [other.key.keyId]: other.key.publicKey };
      findings.expect(await verify(log, { publicKeys }), { kind: 'replayed', seq: 3 }, { kind: 'inserted', seq: 1 });
    });

    it('finds the chain broken by another checkpoint of the same number, and by one out of its place', async () => {
      const [first, second, third] = log.checkpoints;
      log.checkpoints = [first!, second!];
      await seal(log, log.rows.slice(30));
      log.checkpoints = [first!, second!, third!, checkpoint(3)];
      findings.expect(await verify(log), { kind: 'broken-chain', seq: 3 });
      log.checkpoints = [first!, third!, second!];
      findings.expect(await verify(log), { kind: 'broken-chain', seq: 3 }, { kind: 'broken-chain', seq: 2 });
    });

    it('finds rows that are sealed twice replayed, once', async () => {
      await seal(log, log.rows.slice(10, 20));
      findings.expect(await verify(log), { kind: 'replayed', seq: 4, id: row(10).id });
    });

    it.each([1, 2])('finds the chain broken where a checkpoint is missing (%i), and not each of its rows', async (seq) => {
      log.checkpoints.splice(seq - 1, 1);
      const report = await verify(log);
      findings.expect(report, { kind: 'broken-chain', seq: seq + 1 });
      expect(report.unprovenRows).toBeGreaterThanOrEqual(seq === 1 ? 9 : 10);
    });

    it('finds the chain broken where one was sealed anew', async () => {
      const [, , third] = log.checkpoints;
      log.checkpoints.splice(1, 2);
      await seal(log, log.rows.slice(10, 19));
      log.checkpoints.push(third!);
      const { id } = log.rows.splice(19, 1)[0] as Row;
      expect(id).toHaveLength(32);
      findings.expect(await verify(log), { kind: 'broken-chain', seq: 3 });
    });
  });

  describe('against checkpoints that were kept outside', () => {
    it('finds an end that was cut off, which nothing else tells', async () => {
      const copies = kept();
      log.rows.splice(20);
      log.rows.splice(5, 1);
      log.checkpoints.pop();
      findings.expect(await verify(log));
      findings.expect(await verify(log, { kept: copies }), { kind: 'truncated', seq: 3 });
      findings.expect(await verify(log, { kept: copies.slice(0, 2) }));
    });

    it('finds the last checkpoint gone, and not each of its rows', async () => {
      const copies = kept();
      log.checkpoints.pop();
      findings.expect(await verify(log, { kept: copies }), { kind: 'truncated', seq: 3 });
    });

    it('finds a log that was emptied', async () => {
      const copies = kept();
      log = { ...log, rows: [], checkpoints: [] };
      findings.expect(await verify(log, { scope: TENANT, kept: copies }), { kind: 'truncated', seq: 1 });
    });

    it('finds all written anew with the stolen key, which nothing else tells', async () => {
      const copies = kept();
      log.rows.splice(13, 1);
      recordAnew(row(22), { details: null });
      await rewrite(log, log.key);
      findings.expect(await verify(log));
      const rewritten = [2, 3].map((seq) => ({ kind: 'rewritten', seq }));
      // The first one is byte for byte what it was: Ed25519 is deterministic, and nothing before it changed.
      findings.expect(await verify(log, { kept: copies }), ...rewritten);
    });

    it('finds all written anew with another key by the signatures', async () => {
      const key = generateSigningKey();
      recordAnew(row(3), { details: null });
      const copies = kept();
      await rewrite(log, key);
      const bad = [1, 2, 3].map((seq) => ({ kind: 'bad-signature', seq }));
      findings.expect(await verify(log), ...bad);
      findings.expect(await verify(log, { kept: copies }), ...bad);
      // A known key's id on what another key signed.
      log.key = { ...log.key, keyId: key.keyId };
      findings.expect(await verify(log), ...bad);
    });

    it('finds two histories that the same key signed', async () => {
      const copies = kept();
      recordAnew(row(3), { details: null });
      await rewrite(log, log.key);
      findings.expect(
        await verify(log, { kept: [...kept(), ...copies] }),
        ...[1, 2, 3].map((seq) => ({ kind: 'rewritten', seq })),
      );
    });

    it('believes no kept checkpoint that anybody could have written, and passes over those of other scopes', async () => {
      const { checkpoints: others } = await makeLog(null);
      findings.expect(await verify(log, { kept: others }));
      const forged = { ...kept()[2]!, body: kept()[2]!.body.replace('"size":11', '"size":12') };
      expect((await verify(log, { kept: [forged, { body: '{}', signature: '' }] })).findingsByKind).toEqual({
        'bad-signature': 1,
        'checkpoint-edited': 1,
      });
    });
  });

  it('finds every change of one character of what is sealed', async () => {
    const target = fc.constantFrom<[Record<string, unknown>, string]>(
      [row(13), 'canonical'],
      [row(13), 'leafHash'],
      [row(13), 'id'],
      [checkpoint(2), 'body'],
      [checkpoint(2), 'signature'],
      [checkpoint(2), 'manifest'],
    );
    const character = fc.string({ unit: 'grapheme', maxLength: 1 });
    await fc.assert(
      fc.asyncProperty(target, fc.nat(), character, async ([object, field], seed, replacement) => {
        const original = object[field] as string;
        const at = seed % original.length;
        object[field] = original.slice(0, at) + replacement + original.slice(at + 1);
        const { ok } = await verify(log);
        const isChanged = object[field] !== original;
        object[field] = original;
        expect(ok).toBe(!isChanged);
      }),
    );
  });

  it('keeps the first findings of each kind and counts all', async () => {
    const cut = log.rows.splice(10, 15);
    row(0).details = {};
    const report = await verify(log, { findingsPerKind: 2 });
    expect(report.findings).toHaveLength(3);
    expect(report).toMatchObject({ findingsTotal: 16, findingsByKind: { missing: cut.length, edited: 1 } });
    expect(report.findings.every(({ scope }) => scope === TENANT)).toBe(true);
  });

  it('knows a row by each of its columns', async () => {
    const record = JSON.parse(row(13).canonical) as AuditRecord;
    const columns = Object.keys(record).filter((field) => field !== 'v' && field !== 'id') as (keyof Row)[];
    for (const column of columns) {
      log.rows[13] = { ...rowOf(record), [column]: column === 'createdAt' ? new Date(1) : 'other' };
      const report = await verify(log);
      expect(report.findings.map(({ kind, message }) => [kind, message.includes(column)])).toEqual([['edited', true]]);
    }
    expect(columns).toHaveLength(13);
    expect(canonicalText(record)).toBe(row(13).canonical);
  });
});
