import { decrypt, encrypt, splitTag } from './aes-gcm.js';

/** What reads say in place of what nobody can read again. */
export const ERASED_TEXT = '[erased]';
/** What reads say in place of what looks sealed, and does not open: its key is not there, or it was changed. */
export const UNREADABLE_TEXT = '[unreadable]';

const PREFIX = 'enc:v1:';
const PATTERN = /^enc:v1:([\w-]+):([\w-]{16})\.([\w-]{22,})$/;

/** A text as the log stores it, before it is opened. */
export interface SealedText {
  readonly subjectId: string;
  readonly iv: Buffer;
  /** The ciphertext, and the tag after it. */
  readonly bytes: Buffer;
}

/** Returns `enc:v1:<subject>:<iv>.<ciphertext and tag>`, its parts in base64url. */
export function sealText(key: Uint8Array, subjectId: string, text: string): string {
  const { iv, ciphertext, tag } = encrypt(key, Buffer.from(text), subjectId);
  const bytes = Buffer.concat([ciphertext, tag]);
  return `${PREFIX}${Buffer.from(subjectId).toString('base64url')}:${iv.toString('base64url')}.${bytes.toString('base64url')}`;
}

/** Takes a stored text apart; undefined for one that was never sealed. */
export function parseSealedText(stored: string): SealedText | undefined {
  const [, subject, iv, bytes] = PATTERN.exec(stored) ?? [];
  if (subject === undefined || iv === undefined || bytes === undefined) return undefined;
  return {
    subjectId: Buffer.from(subject, 'base64url').toString(),
    iv: Buffer.from(iv, 'base64url'),
    bytes: Buffer.from(bytes, 'base64url'),
  };
}

/** Returns the text, or `[unreadable]` where the key does not open it. */
export function openText(key: Uint8Array, { subjectId, iv, bytes }: SealedText): string {
  try {
    return decrypt(key, { iv, ...splitTag(bytes) }, subjectId).toString();
  } catch {
    // One bad row is not to keep the others from their reader.
    return UNREADABLE_TEXT;
  }
}
