import { isId } from '../../common/index.js';
import { isHash } from './hashes.js';
import { InvalidCheckpointError } from './integrity.errors.js';
import { merkleRoot } from './merkle-tree.js';

/** A row in a checkpoint. */
export interface ManifestLeaf {
  readonly id: string;
  /** 64 lower-case hex characters. */
  readonly leafHash: string;
}

const ID_LENGTH = 32;

/** Returns the leaves of a checkpoint as one text: a line `id:leafHash` each, in the order of the tree. */
export function encodeManifest(leaves: readonly ManifestLeaf[]): string {
  return leaves.map(({ id, leafHash }) => `${id}:${leafHash}`).join('\n');
}

/**
 * Reads the leaves of a checkpoint back, in the order in which they stand there, which the caller has to check.
 *
 * @throws InvalidCheckpointError if a line is not `id:leafHash`
 */
export function decodeManifest(manifest: string): ManifestLeaf[] {
  return manifest.split('\n').map((line) => {
    const id = line.slice(0, ID_LENGTH);
    const leafHash = line.slice(ID_LENGTH + 1);
    if (!isId(id) || line[ID_LENGTH] !== ':' || !isHash(leafHash)) {
      throw new InvalidCheckpointError('has a manifest with a line that is not an id and a hash');
    }
    return { id, leafHash };
  });
}

/** Tells whether the ids of leaves ascend and none is there twice. */
export function isAscending(leaves: readonly ManifestLeaf[]): boolean {
  return leaves.every(({ id }, index) => index === 0 || leaves[index - 1]!.id < id);
}

/** Returns the root of the tree over the leaves, in the given order, as lower-case hex. */
export function rootOf(leaves: readonly ManifestLeaf[]): string {
  return merkleRoot(hashesOf(leaves)).toString('hex');
}

/** Returns the hashes of the leaves as bytes, as the tree takes them. */
export function hashesOf(leaves: readonly ManifestLeaf[]): Buffer[] {
  return leaves.map(({ leafHash }) => Buffer.from(leafHash, 'hex'));
}
