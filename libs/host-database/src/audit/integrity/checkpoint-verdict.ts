import { type CheckpointBody, type CheckpointCopy, readCheckpointBody } from './checkpoint.js';
import { checkpointHash } from './hashes.js';
import { InvalidCheckpointError } from './integrity.errors.js';
import { decodeManifest, isAscending, type ManifestLeaf, rootOf } from './manifest.js';
import type { PublicKeys } from './public-keys.js';
import type { AuditFindingKind } from './verification-report.js';

/** A checkpoint as it was read from the database or an export. */
export interface StoredCheckpoint extends CheckpointCopy {
  /** The column, where there is one. */
  readonly hash?: string | null;
}

/** What a checkpoint says of itself. */
export interface CheckpointVerdict {
  /** Undefined where its body cannot be read. */
  readonly content: CheckpointBody | undefined;
  /** Its rows by ascending id, if they make the root that its body states; undefined where nothing can be said of rows by it. */
  readonly leaves: readonly ManifestLeaf[] | undefined;
  readonly fault?: { readonly kind: AuditFindingKind; readonly message: string };
}

/**
 * Judges a checkpoint on its own, by the first thing that is wrong: that it contradicts itself, which tells what was changed,
 * goes before its signature, which only tells that something was.
 */
export function judgeCheckpoint(stored: StoredCheckpoint, keys: PublicKeys): CheckpointVerdict {
  const content = readCheckpointBody(stored.body);
  if (!content) return { content, leaves: undefined, fault: edited('its body is not one that a sealer writes') };
  const given = readManifest(stored.manifest);
  if (!given) return { content, leaves: undefined, fault: edited('its manifest is missing or cannot be read') };
  const ascends = isAscending(given);
  const leaves = ascends ? given : given.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const isRoot = (candidate: readonly ManifestLeaf[]) => rootOf(candidate) === content.rootHash;
  if (!isRoot(leaves) && (ascends || !isRoot(given))) {
    return { content, leaves: undefined, fault: edited('its rows do not make its root: its body or its manifest was changed') };
  }
  if (content.size !== leaves.length || content.firstId !== leaves[0]!.id || content.lastId !== leaves.at(-1)!.id) {
    return { content, leaves, fault: edited('its size, first or last id is not that of its rows') };
  }
  if (stored.hash !== undefined && stored.hash !== null && stored.hash !== checkpointHash(stored.body)) {
    return { content, leaves, fault: edited('its hash is not that of its body') };
  }
  const signature = keys.judge(stored);
  if (signature === 'unknown-key')
    return { content, leaves, fault: badSignature(`it is signed by the unknown key ${content.keyId}`) };
  if (signature === 'wrong') return { content, leaves, fault: badSignature('its signature is not that of its body') };
  if (!ascends) return { content, leaves, fault: { kind: 'reordered', message: 'its rows do not ascend by id' } };
  return { content, leaves };
}

const edited = (message: string) => ({ kind: 'checkpoint-edited', message }) as const;
const badSignature = (message: string) => ({ kind: 'bad-signature', message }) as const;

function readManifest(manifest: string | null | undefined): ManifestLeaf[] | undefined {
  try {
    return manifest ? decodeManifest(manifest) : undefined;
  } catch (error) {
    if (error instanceof InvalidCheckpointError) return undefined;
    throw error;
  }
}
