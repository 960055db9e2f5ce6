import { type AuditRecord, parseRecord, scopeOf } from './audit-record.js';
import { type CheckpointBody, type CheckpointCopy, parseCheckpointBody, readCheckpointBody } from './checkpoint.js';
import { isHash, leafHash } from './hashes.js';
import { InvalidAuditRecordError, InvalidCheckpointError } from './integrity.errors.js';
import { decodeManifest, hashesOf } from './manifest.js';
import { inclusionPath, rootFromPath } from './merkle-tree.js';
import { type PublicKeyMap, PublicKeys } from './public-keys.js';

/** Shows that a record is in a signed checkpoint, without the other records. Plain JSON. */
export interface InclusionProof {
  /** The exact text of the record. */
  readonly canonical: string;
  /** Its position in the checkpoint, from 0. */
  readonly leafIndex: number;
  /** The hashes beside the way to the root, from the bottom up, in hex. */
  readonly path: readonly string[];
  readonly checkpoint: Pick<CheckpointCopy, 'body' | 'signature'>;
}

/** Why a proof proves nothing. */
export type InclusionFault =
  | 'malformed'
  | 'malformed-record'
  | 'malformed-checkpoint'
  | 'unknown-key'
  | 'bad-signature'
  | 'other-scope'
  | 'not-included';

export type InclusionVerdict =
  | { readonly valid: true; readonly record: AuditRecord; readonly checkpoint: CheckpointBody }
  | { readonly valid: false; readonly reason: InclusionFault };

/**
 * Makes the proof that a record is in a checkpoint, from the record's text and the checkpoint with its manifest. It is one of
 * the tree of that checkpoint, so that nothing that is recorded later makes it invalid.
 *
 * @throws InvalidAuditRecordError if the text is not that of a record
 * @throws InvalidCheckpointError if the checkpoint does not hold that text, or has no manifest
 */
export function buildInclusionProof(canonical: string, { body, signature, manifest }: CheckpointCopy): InclusionProof {
  const { id } = parseRecord(canonical);
  parseCheckpointBody(body);
  const leaves = decodeManifest(manifest ?? '');
  const hash = leafHash(canonical);
  const leafIndex = leaves.findIndex((leaf) => leaf.id === id && leaf.leafHash === hash);
  if (leafIndex === -1) throw new InvalidCheckpointError(`does not hold the record ${id} as it is now`);
  const path = inclusionPath(hashesOf(leaves), leafIndex).map((sibling) => sibling.toString('hex'));
  return { canonical, leafIndex, path, checkpoint: { body, signature } };
}

/**
 * Verifies a proof by nothing but public keys. Takes whatever it is given: what is not a proof is `malformed`, not an error.
 *
 * A valid proof says that the holder of the key signed this record as part of that checkpoint; not that the checkpoint is
 * still in the log. Compare its body with the copy of an anchor for that.
 *
 * @throws InvalidSigningKeyError if a public key is not an Ed25519 key in PEM
 */
export function verifyInclusion(proof: InclusionProof, publicKeys: PublicKeyMap): InclusionVerdict {
  const keys = new PublicKeys(publicKeys);
  if (!hasForm(proof)) return { valid: false, reason: 'malformed' };
  const record = readRecord(proof.canonical);
  if (!record) return { valid: false, reason: 'malformed-record' };
  const checkpoint = readCheckpointBody(proof.checkpoint.body);
  if (!checkpoint) return { valid: false, reason: 'malformed-checkpoint' };
  const signature = keys.judge(proof.checkpoint);
  if (signature !== 'valid') return { valid: false, reason: signature === 'wrong' ? 'bad-signature' : 'unknown-key' };
  if (scopeOf(record.tenantId) !== checkpoint.scope) return { valid: false, reason: 'other-scope' };
  const root = rootFromPath({
    leafHash: Buffer.from(leafHash(proof.canonical), 'hex'),
    index: proof.leafIndex,
    size: checkpoint.size,
    path: proof.path.map((sibling) => Buffer.from(sibling, 'hex')),
  });
  if (root?.toString('hex') !== checkpoint.rootHash) return { valid: false, reason: 'not-included' };
  return { valid: true, record, checkpoint };
}

/** Proofs come from outside as JSON, whatever their type says. */
function hasForm(proof: unknown): proof is InclusionProof {
  const { canonical, leafIndex, path, checkpoint } = (proof ?? {}) as Partial<InclusionProof>;
  return (
    typeof canonical === 'string' &&
    typeof leafIndex === 'number' &&
    Array.isArray(path) &&
    path.every(isHash) &&
    typeof checkpoint?.body === 'string' &&
    typeof checkpoint.signature === 'string'
  );
}

function readRecord(canonical: string): AuditRecord | undefined {
  try {
    return parseRecord(canonical);
  } catch (error) {
    if (error instanceof InvalidAuditRecordError) return undefined;
    throw error;
  }
}
