import { FINGERPRINT_BYTES } from './audit-filter.js';
import { InvalidAuditCursorError } from './reading.errors.js';

const ID_BYTES = 16;
const OFFSET_BYTES = 4;
const PAGE_LENGTH = ID_BYTES + FINGERPRINT_BYTES;

/** How far a feed has been read: so many rows of a checkpoint, and all of those before it. */
export interface FeedPosition {
  readonly checkpointId: string;
  readonly delivered: number;
}

/** Says where a page has ended. */
export function encodePageCursor(lastId: string, fingerprint: Buffer): string {
  return Buffer.concat([Buffer.from(lastId, 'hex'), fingerprint]).toString('base64url');
}

/**
 * Returns the id after which the next page begins.
 *
 * @throws InvalidAuditCursorError
 */
export function decodePageCursor(cursor: string, fingerprint: Buffer): string {
  const bytes = decode(cursor, PAGE_LENGTH);
  if (!bytes.subarray(ID_BYTES).equals(fingerprint)) throw new InvalidAuditCursorError('belongs to another filter');
  return bytes.toString('hex', 0, ID_BYTES);
}

/** Says how far a feed has been read. */
export function encodeFeedCursor({ checkpointId, delivered }: FeedPosition): string {
  const offset = Buffer.alloc(OFFSET_BYTES);
  offset.writeUInt32BE(delivered);
  return Buffer.concat([Buffer.from(checkpointId, 'hex'), offset]).toString('base64url');
}

/** @throws InvalidAuditCursorError */
export function decodeFeedCursor(cursor: string): FeedPosition {
  const bytes = decode(cursor, ID_BYTES + OFFSET_BYTES);
  return { checkpointId: bytes.toString('hex', 0, ID_BYTES), delivered: bytes.readUInt32BE(ID_BYTES) };
}

function decode(cursor: unknown, length: number): Buffer {
  const bytes = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
  // Decoding passes over what is no base64url: only what encodes to the same text is a cursor.
  if (bytes.length !== length || bytes.toString('base64url') !== cursor) throw new InvalidAuditCursorError('is malformed');
  return bytes;
}
