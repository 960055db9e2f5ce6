import { createHash, randomBytes } from 'node:crypto';

const BYTES = 32;
const SECRET = /^[\w-]{43}$/;

/** Returns 256 random bits, as text that addresses and cookies can carry. */
export function newSecret(): string {
  return randomBytes(BYTES).toString('base64url');
}

/** Whether a value has the form of one. */
export function isSecret(value: unknown): value is string {
  return typeof value === 'string' && SECRET.test(value);
}

/** What the database keeps of a secret: whoever reads it there cannot use it. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
