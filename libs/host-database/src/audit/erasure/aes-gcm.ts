import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
/** What NIST SP 800-38D recommends, 96 bits. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** What AES-256-GCM has made of a text. */
export interface Sealed {
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/** Encrypts, bound to `context`: what was sealed for one person does not open as another's. */
export function encrypt(key: KeyObject | Uint8Array, plain: Uint8Array, context: string): Sealed {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context));
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return { iv, ciphertext, tag: cipher.getAuthTag() };
}

/** Throws when the key or the context is another one, or a bit was changed. */
export function decrypt(key: KeyObject | Uint8Array, { iv, ciphertext, tag }: Sealed, context: string): Buffer {
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

/** Takes apart a ciphertext that its tag follows. */
export function splitTag(bytes: Buffer): Pick<Sealed, 'ciphertext' | 'tag'> {
  return { ciphertext: bytes.subarray(0, -TAG_BYTES), tag: bytes.subarray(-TAG_BYTES) };
}
