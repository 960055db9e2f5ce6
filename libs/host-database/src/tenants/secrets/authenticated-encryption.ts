import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

type Key = KeyObject | Uint8Array;

/** AES-256-GCM with a fresh IV. What is bound has to be the same at decryption. */
export function encrypt(plain: Uint8Array, key: Key, bound: readonly string[]): { iv: Buffer; sealed: Buffer } {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(associatedData(bound));
  return { iv, sealed: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}

/** Returns what was encrypted; undefined when that was done with another key, for something else, or was changed since. */
export function decrypt(
  { iv, sealed }: { readonly iv: Uint8Array; readonly sealed: Uint8Array },
  key: Key,
  bound: readonly string[],
): Buffer | undefined {
  if (iv.length !== IV_BYTES || sealed.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(associatedData(bound));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Unambiguous, whatever the texts hold. */
function associatedData(bound: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(bound));
}
