import { isId } from '../../common/index.js';
import { FORMAT_VERSION, isUtcTime } from './audit-record.js';
import { canonicalJson, isCanonicalJson } from './canonical-json.js';
import { checkpointHash, isHash } from './hashes.js';
import { InvalidCheckpointError } from './integrity.errors.js';
import { encodeManifest, isAscending, type ManifestLeaf, rootOf } from './manifest.js';
import type { AuditSigner } from './signing.js';

/** What a checkpoint says of the rows in it. Its RFC 8785 text is what is hashed and signed. */
export interface CheckpointBody {
  readonly v: typeof FORMAT_VERSION;
  /** `host`, or the id of a tenant. Each scope has a chain of its own. */
  readonly scope: string;
  /** 1, 2, 3, … within the scope. */
  readonly seq: number;
  /** How many rows it holds. */
  readonly size: number;
  /** The smallest id in it. The ranges of two checkpoints may overlap: a slow transaction's rows are sealed late. */
  readonly firstId: string;
  /** The largest id in it. */
  readonly lastId: string;
  /** The root of the Merkle tree over its rows, by ascending id. */
  readonly rootHash: string;
  /** The hash of the checkpoint before it, null for the first. */
  readonly previousHash: string | null;
  readonly sealedAt: string;
  readonly keyId: string;
}

/** A checkpoint as an anchor or an export keeps it. */
export interface CheckpointCopy {
  /** The exact text that was signed. */
  readonly body: string;
  /** Ed25519 over the UTF-8 of the body, in base64. */
  readonly signature: string;
  /** Its rows: see `decodeManifest`. */
  readonly manifest?: string | null;
}

/** A new checkpoint, as it is stored. */
export interface SealedCheckpoint extends CheckpointCopy {
  readonly content: CheckpointBody;
  readonly hash: string;
  readonly manifest: string;
}

/** What goes into a new checkpoint. */
export interface CheckpointInput {
  readonly scope: string;
  /** One more than that of the checkpoint before it in the scope. */
  readonly seq: number;
  /** The hash of the checkpoint before it in the scope, null for the first. */
  readonly previousHash: string | null;
  /** Its rows, at least one, by ascending id. */
  readonly leaves: readonly ManifestLeaf[];
  readonly sealedAt: Date;
  readonly signer: AuditSigner;
}

/**
 * Builds and signs a checkpoint. Stores nothing.
 *
 * @throws InvalidCheckpointError if there are no rows, they do not ascend, or the rest is not of the format
 */
export async function sealCheckpoint({ leaves, sealedAt, signer, ...link }: CheckpointInput): Promise<SealedCheckpoint> {
  if (leaves.length === 0) throw new InvalidCheckpointError('would hold no row');
  if (!isAscending(leaves)) throw new InvalidCheckpointError('would hold rows that do not ascend by id');
  const content: CheckpointBody = {
    v: FORMAT_VERSION,
    scope: link.scope,
    seq: link.seq,
    previousHash: link.previousHash,
    size: leaves.length,
    firstId: leaves[0]!.id,
    lastId: leaves.at(-1)!.id,
    rootHash: rootOf(leaves),
    sealedAt: sealedAt.toISOString(),
    keyId: signer.keyId,
  };
  assertBody(content);
  const body = canonicalJson(content, 'checkpoint');
  const signature = Buffer.from(await signer.sign(Buffer.from(body))).toString('base64');
  return { content, body, hash: checkpointHash(body), signature, manifest: encodeManifest(leaves) };
}

/**
 * Reads the body of a checkpoint.
 *
 * @throws InvalidCheckpointError if it is not canonical, or not of a format that this version knows
 */
export function parseCheckpointBody(body: string): CheckpointBody {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch (cause) {
    throw new InvalidCheckpointError('has a body that is not JSON', { cause });
  }
  assertBody(content);
  if (!isCanonicalJson(body, content)) throw new InvalidCheckpointError('has a body that is not canonical');
  return content;
}

/** Reads the body of a checkpoint, or returns undefined where it is not one. */
export function readCheckpointBody(body: string): CheckpointBody | undefined {
  try {
    return parseCheckpointBody(body);
  } catch (error) {
    if (error instanceof InvalidCheckpointError) return undefined;
    throw error;
  }
}

const isWhole = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;
const isName = (value: unknown) => typeof value === 'string' && value !== '';

const FIELDS: { readonly [Field in keyof CheckpointBody]: (value: unknown) => boolean } = {
  v: (value) => value === FORMAT_VERSION,
  scope: isName,
  seq: isWhole,
  size: isWhole,
  firstId: isId,
  lastId: isId,
  rootHash: isHash,
  previousHash: (value) => value === null || isHash(value),
  sealedAt: isUtcTime,
  keyId: isName,
};

function assertBody(value: unknown): asserts value is CheckpointBody {
  if (typeof value !== 'object' || value === null) throw new InvalidCheckpointError('has a body that is not an object');
  for (const [field, isRight] of Object.entries(FIELDS)) {
    if (!isRight((value as Readonly<Record<string, unknown>>)[field])) {
      throw new InvalidCheckpointError(`has a body whose ${field} is not what the format asks for`);
    }
  }
  const unknownField = Object.keys(value).find((key) => !Object.hasOwn(FIELDS, key));
  if (unknownField !== undefined) throw new InvalidCheckpointError('has a body with a field that the format does not know');
}
