import { hash } from 'node:crypto';
import { HASH_BYTES, nodeHash } from './hashes.js';

/**
 * Returns the root of the tree over the hashes of leaves (RFC 6962, Merkle Tree Hash); of none, the hash of nothing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1
 */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  let level = leaves;
  while (level.length > 1) level = levelAbove(level);
  return level[0] ?? hash('sha256', '', 'buffer');
}

/**
 * Returns the hashes beside the way from a leaf to the root, from the bottom up: with them, {@link rootFromPath} finds the
 * root without the other leaves. An index outside the tree has an empty path.
 */
export function inclusionPath(leaves: readonly Buffer[], index: number): Buffer[] {
  const path: Buffer[] = [];
  if (!Number.isSafeInteger(index) || index < 0 || index >= leaves.length) return path;
  let level = leaves;
  let position = index;
  while (level.length > 1) {
    const sibling = level[position % 2 === 0 ? position + 1 : position - 1];
    // The last of an odd level has none and goes up as it is.
    if (sibling) path.push(sibling);
    level = levelAbove(level);
    position = Math.floor(position / 2);
  }
  return path;
}

/** A leaf and its way to the root of a tree of `size` leaves. */
export interface LeafPath {
  readonly leafHash: Buffer;
  readonly index: number;
  readonly size: number;
  readonly path: readonly Buffer[];
}

/**
 * Returns the root to which the path of a leaf leads, or undefined where the path cannot be one of that leaf.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2
 */
export function rootFromPath({ leafHash, index, size, path }: LeafPath): Buffer | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return undefined;
  if ([leafHash, ...path].some(({ length }) => length !== HASH_BYTES)) return undefined;
  let root = leafHash;
  let position = index;
  let last = size - 1;
  let used = 0;
  while (last > 0) {
    const sibling = path[used];
    if (position % 2 === 1 || position < last) {
      if (!sibling) return undefined;
      root = position % 2 === 1 ? nodeHash(sibling, root) : nodeHash(root, sibling);
      used++;
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return used === path.length ? root : undefined;
}

function levelAbove(level: readonly Buffer[]): Buffer[] {
  const above: Buffer[] = [];
  for (let left = 0; left + 1 < level.length; left += 2) above.push(nodeHash(level[left]!, level[left + 1]!));
  if (level.length % 2 === 1) above.push(level.at(-1)!);
  return above;
}
