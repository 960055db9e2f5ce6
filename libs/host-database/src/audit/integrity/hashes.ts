import { hash } from 'node:crypto';

/** Bytes of a SHA-256. */
export const HASH_BYTES = 32;

// One byte in front tells what is hashed, so that no row can be taken for an inner node or a checkpoint (RFC 6962, 2.1).
const LEAF = '\0';
const NODE = 1;
const CHECKPOINT = '\x02';

/** Returns the hash of a record: SHA-256 of 0x00 and its canonical text, as 64 lower-case hex characters. */
export function leafHash(canonical: string): string {
  return hash('sha256', LEAF + canonical, 'hex');
}

/** Returns the hash of an inner node of a tree: SHA-256 of 0x01 and the hashes of its children. */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(1 + 2 * HASH_BYTES);
  bytes[0] = NODE;
  left.copy(bytes, 1);
  right.copy(bytes, 1 + HASH_BYTES);
  return hash('sha256', bytes, 'buffer');
}

/** Returns the hash of a checkpoint, to which the next one points: SHA-256 of 0x02 and its body, as lower-case hex. */
export function checkpointHash(body: string): string {
  return hash('sha256', CHECKPOINT + body, 'hex');
}

/** Tells whether a value has the form of a hash in hex. */
export function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
