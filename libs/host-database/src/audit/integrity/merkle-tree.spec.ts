import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { HASH_BYTES, leafHash, nodeHash } from './hashes.js';
import { inclusionPath, merkleRoot, rootFromPath } from './merkle-tree.js';

/** The inputs and the roots of 1 to 8 of them that Certificate Transparency tests with. */
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const sha256 = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const LEAVES = INPUTS.map((hex) => sha256(Buffer.of(0), Buffer.from(hex, 'hex')));
const leaves = (size: number) => Array.from({ length: size }, (_, index) => Buffer.from(leafHash(String(index)), 'hex'));

/** The definition of RFC 6962 as it stands there: split at the largest power of two below the size. */
function definedRoot(level: readonly Buffer[]): Buffer {
  if (level.length === 1) return level[0]!;
  const split = 2 ** (Math.ceil(Math.log2(level.length)) - 1);
  return sha256(Buffer.of(1), definedRoot(level.slice(0, split)), definedRoot(level.slice(split)));
}

describe(merkleRoot.name, () => {
  it('is the hash of nothing for no leaves', () => {
    expect(merkleRoot([]).toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it.each(ROOTS.map((root, index) => [index + 1, root] as const))('has the known root over %i leaves', (size, root) => {
    expect(merkleRoot(LEAVES.slice(0, size)).toString('hex')).toBe(root);
  });

  it('follows the definition for every size to 130', () => {
    for (let size = 1; size <= 130; size++) expect(merkleRoot(leaves(size)).equals(definedRoot(leaves(size)))).toBe(true);
  });
});

describe(leafHash.name, () => {
  it('is SHA-256 of 0x00 and the text, in UTF-8', () => {
    expect(leafHash('')).toBe(ROOTS[0]);
    expect(leafHash('äöü€😀')).toBe(sha256(Buffer.of(0), Buffer.from('äöü€😀')).toString('hex'));
  });
});

describe(rootFromPath.name, () => {
  it('finds the root from every leaf of every tree to 70 leaves, and not when anything is changed', () => {
    for (let size = 1; size <= 70; size++) {
      const all = leaves(size);
      const root = merkleRoot(all);
      const leadsToRoot = (...path: Parameters<typeof rootFromPath>) => rootFromPath(...path)?.equals(root) ?? false;
      for (const [index, leaf] of all.entries()) {
        const path = inclusionPath(all, index);
        const proof = { leafHash: leaf, index, size, path };
        expect(leadsToRoot(proof)).toBe(true);
        expect(leadsToRoot({ ...proof, leafHash: flipped(leaf, index) })).toBe(false);
        expect(leadsToRoot({ ...proof, path: [...path, leaf] })).toBe(false);
        expect(leadsToRoot({ ...proof, index: index + 1 })).toBe(false);
        for (const [step, sibling] of path.entries()) {
          expect(leadsToRoot({ ...proof, path: path.with(step, flipped(sibling, size)) })).toBe(false);
          expect(leadsToRoot({ ...proof, path: path.toSpliced(step, 1) })).toBe(false);
        }
      }
    }
  });

  it('takes no inner node for a leaf, and no numbers that cannot be', () => {
    const all = leaves(4);
    const inner = nodeHash(all[0]!, all[1]!);
    const claim = { leafHash: inner, index: 0, size: 2, path: [nodeHash(all[2]!, all[3]!)] };
    // The path alone would lead there: it is the size, which is signed, and the byte in front of a leaf that tell.
    expect(rootFromPath(claim)?.equals(merkleRoot(all))).toBe(true);
    expect(rootFromPath({ ...claim, size: 4 })).toBeUndefined();
    for (const index of [-1, 2, 0.5, Number.NaN]) expect(rootFromPath({ ...claim, index })).toBeUndefined();
    expect(rootFromPath({ ...claim, leafHash: inner.subarray(1) })).toBeUndefined();
  });
});

describe(inclusionPath.name, () => {
  it('is empty outside the tree', () => {
    for (const index of [-1, 4, 0.5]) expect(inclusionPath(leaves(4), index)).toEqual([]);
  });
});

function flipped(hash: Buffer, seed: number): Buffer {
  const copy = Buffer.from(hash);
  copy[seed % HASH_BYTES]! ^= 1 << (seed % 8);
  return copy;
}
