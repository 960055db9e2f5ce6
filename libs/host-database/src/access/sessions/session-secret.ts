import { hash, randomBytes } from 'node:crypto';

/** 256 bits: nobody guesses one. */
const SECRET_BYTES = 32;
const SECRET_PATTERN = /^[\w-]{43}$/;

/** Makes what only the holder of a session knows. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** Whether a text has the form of a secret. */
export function isSecret(text: string): boolean {
  return SECRET_PATTERN.test(text);
}

/**
 * What of a secret is stored. A fast hash will do for what is as long as the hash; and it is looked up by its hash, so that the time of a
 * look-up says nothing of the secret.
 */
export function hashOfSecret(secret: string): string {
  return hash('sha256', secret);
}
