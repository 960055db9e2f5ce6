import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
/** What NIST SP 800-38D recommends, 96 bits. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

type Key = KeyObject | Uint8Array;

/** What AES-256-GCM has made of some bytes. */
interface SealedBytes {
  readonly iv: Uint8Array;
  /** The ciphertext, and after it the tag. */
  readonly sealed: Uint8Array;
}

/** AES-256-GCM with a fresh IV. The context is authenticated with it: what was encrypted for one does not open as another's. */
export function encrypt(plain: Uint8Array, key: Key, context: string): { readonly iv: Buffer; readonly sealed: Buffer } {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context));
  return { iv, sealed: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}

/** Returns what was encrypted; undefined when that was done with another key or for another context, or was changed since. */
export function decrypt({ iv, sealed }: SealedBytes, key: Key, context: string): Buffer | undefined {
  if (iv.length !== IV_BYTES || sealed.length < TAG_BYTES) return undefined;
  const { ciphertext, tag } = splitTag(sealed);
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(context))
    .setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Takes apart a ciphertext that its tag follows. */
export function splitTag<T extends Uint8Array>(sealed: T): { readonly ciphertext: T; readonly tag: T } {
  return { ciphertext: sealed.subarray(0, -TAG_BYTES) as T, tag: sealed.subarray(-TAG_BYTES) as T };
}
