import { createPublicKey, generateKeyPairSync, hash } from 'node:crypto';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Checkpoint,
  type Log,
  makeLog,
  makeRecord,
  NOW,
  rowOf,
  seal,
  TENANT,
} from '../../../test/audit/audit-log-in-memory.js';
import { parseCheckpointBody, sealCheckpoint } from './checkpoint.js';
import { checkpointHash } from './hashes.js';
import { buildInclusionProof, type InclusionProof, verifyInclusion } from './inclusion-proof.js';
import { InvalidAuditRecordError, InvalidCheckpointError, InvalidSigningKeyError } from './integrity.errors.js';
import { decodeManifest } from './manifest.js';
import { verifySignature } from './public-keys.js';
import { Ed25519Signer, generateSigningKey } from './signing.js';

let log: Log;
let keys: Record<string, string>;
const second = () => log.checkpoints[1] as Checkpoint;

beforeEach(async () => {
  log = await makeLog();
  keys = { [log.key.keyId]: log.key.publicKey };
});

describe(sealCheckpoint.name, () => {
  it('says what it holds, points at the one before it and is signed', () => {
    const { body, hash: hashColumn, content, manifest } = second();
    expect(parseCheckpointBody(body)).toEqual(content);
    expect(content).toMatchObject({ v: 1, scope: TENANT, seq: 2, size: 10, sealedAt: NOW.toISOString(), keyId: log.key.keyId });
    expect(content).toMatchObject({
      firstId: log.rows[10]?.id,
      lastId: log.rows[19]?.id,
      previousHash: log.checkpoints[0]?.hash,
    });
    expect(hashColumn).toBe(hash('sha256', `\x02${body}`));
    expect(hashColumn).toBe(checkpointHash(body));
    expect(decodeManifest(manifest)).toEqual(log.rows.slice(10, 20).map(({ id, leafHash }) => ({ id, leafHash })));
    expect(verifySignature(second(), keys)).toBe('valid');
  });

  it('takes a signer that answers later, as a key management service does', async () => {
    const local = new Ed25519Signer(log.key.privateKey);
    const remote = { keyId: local.keyId, sign: async (bytes: Uint8Array) => Promise.resolve(new Uint8Array(local.sign(bytes))) };
    const input = { scope: 'host', seq: 1, previousHash: null, sealedAt: NOW, leaves: decodeManifest(second().manifest) };
    expect(await sealCheckpoint({ ...input, signer: remote })).toEqual(await sealCheckpoint({ ...input, signer: local }));
  });

  it('refuses no rows, rows that do not ascend, and a link that cannot be', async () => {
    const leaves = decodeManifest(second().manifest);
    const input = { scope: 'host', seq: 1, previousHash: null, sealedAt: NOW, signer: new Ed25519Signer(log.key.privateKey) };
    await expect(sealCheckpoint({ ...input, leaves: [] })).rejects.toThrow(InvalidCheckpointError);
    await expect(sealCheckpoint({ ...input, leaves: leaves.toReversed() })).rejects.toThrow(InvalidCheckpointError);
    await expect(sealCheckpoint({ ...input, leaves: [leaves[0]!, leaves[0]!] })).rejects.toThrow(InvalidCheckpointError);
    await expect(sealCheckpoint({ ...input, leaves, seq: 0 })).rejects.toThrow(InvalidCheckpointError);
    await expect(sealCheckpoint({ ...input, leaves, previousHash: 'x' })).rejects.toThrow(InvalidCheckpointError);
  });
});

describe(verifySignature.name, () => {
  it('knows no other key, nor one that merely has a name of the language', async () => {
    const other = generateSigningKey();
    expect(verifySignature(second(), { [other.keyId]: other.publicKey })).toBe('unknown-key');
    expect(verifySignature(second(), { [log.key.keyId]: other.publicKey })).toBe('wrong');
    log.checkpoints = [];
    await seal(log, log.rows.slice(0, 1));
    const body = log.checkpoints[0]!.body.replace(log.key.keyId, 'constructor');
    expect(verifySignature({ ...log.checkpoints[0]!, body }, keys)).toBe('unknown-key');
  });

  it('refuses what is no Ed25519 key', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
    for (const pem of [rsa, 'x']) expect(() => verifySignature(second(), { k: pem })).toThrow(InvalidSigningKeyError);
  });
});

describe(Ed25519Signer, () => {
  it('names its key by the public one, and shows the private one nowhere', () => {
    const signer = new Ed25519Signer(log.key.privateKey);
    const der = createPublicKey(log.key.publicKey).export({ type: 'spki', format: 'der' });
    expect(signer.keyId).toBe(hash('sha256', der).slice(0, 16));
    expect(signer).toMatchObject({ keyId: log.key.keyId, publicKey: log.key.publicKey });
    const secret = log.key.privateKey.split('\n')[1]!;
    expect(log.key.privateKey).toContain(secret);
    expect(inspect(signer, { depth: 9, showHidden: true }) + JSON.stringify(signer)).not.toContain(secret);
  });

  it('refuses what is no private Ed25519 key, without showing it', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    for (const pem of [rsa, log.key.publicKey, 'sesame']) expect(() => new Ed25519Signer(pem)).toThrow(InvalidSigningKeyError);
    expect(() => new Ed25519Signer('sesame')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('sesame') }),
    );
  });
});

describe(verifyInclusion.name, () => {
  const proofOf = (index: number) => buildInclusionProof(log.rows[index]!.canonical, second());

  it('proves each row of a checkpoint, as JSON and whatever is recorded later', async () => {
    const proofs = Array.from({ length: 10 }, (_, index) => JSON.parse(JSON.stringify(proofOf(10 + index))) as InclusionProof);
    await seal(log, log.rows.slice(30));
    for (const [index, proof] of proofs.entries()) {
      expect(verifyInclusion(proof, keys)).toMatchObject({
        valid: true,
        record: { id: log.rows[10 + index]?.id, targetId: `r${10 + index}` },
        checkpoint: { seq: 2 },
      });
    }
  });

  it('proves nothing that was changed', () => {
    const proof = proofOf(13);
    const { checkpoint } = proof;
    const other = generateSigningKey();
    const reasonOf = (change: object, publicKeys = keys) => {
      const verdict = verifyInclusion({ ...proof, ...change }, publicKeys);
      return verdict.valid ? 'valid' : verdict.reason;
    };
    expect(reasonOf({})).toBe('valid');
    expect(reasonOf({ canonical: log.rows[14]!.canonical })).toBe('not-included');
    expect(reasonOf({ canonical: proof.canonical.replace('Öl', 'Ol') })).toBe('not-included');
    expect(reasonOf({ canonical: `${proof.canonical} ` })).toBe('malformed-record');
    expect(reasonOf({ leafIndex: 4 })).toBe('not-included');
    expect(reasonOf({ path: proof.path.toReversed() })).toBe('not-included');
    expect(reasonOf({ path: proof.path.slice(1) })).toBe('not-included');
    expect(reasonOf({ checkpoint: log.checkpoints[2] })).toBe('not-included');
    expect(reasonOf({ checkpoint: { ...checkpoint, body: checkpoint.body.replace('"seq":2', '"seq":3') } })).toBe(
      'bad-signature',
    );
    expect(reasonOf({ checkpoint: { ...checkpoint, body: '{}' } })).toBe('malformed-checkpoint');
    expect(reasonOf({}, { [other.keyId]: other.publicKey })).toBe('unknown-key');
  });

  it('proves no record of another scope', async () => {
    const strange = rowOf(makeRecord({ tenantId: null }));
    log.checkpoints = [];
    await seal(log, [log.rows[0]!, strange]);
    const proof = buildInclusionProof(strange.canonical, log.checkpoints[0]!);
    expect(verifyInclusion(proof, keys)).toEqual({ valid: false, reason: 'other-scope' });
  });

  it.each([
    null,
    1,
    {},
    { canonical: '' },
    { canonical: '', leafIndex: 0, path: ['x'], checkpoint: { body: '', signature: '' } },
  ])('calls %j malformed', (proof) => {
    expect(verifyInclusion(proof as unknown as InclusionProof, keys)).toEqual({ valid: false, reason: 'malformed' });
  });

  it('cannot be built for what the checkpoint does not hold', () => {
    expect(() => proofOf(20)).toThrow(InvalidCheckpointError);
    expect(() => buildInclusionProof(log.rows[13]!.canonical.replace('Öl', 'Ol'), second())).toThrow(InvalidCheckpointError);
    expect(() => buildInclusionProof(log.rows[13]!.canonical, { ...second(), manifest: null })).toThrow(InvalidCheckpointError);
    expect(() => buildInclusionProof('{}', second())).toThrow(InvalidAuditRecordError);
  });
});
