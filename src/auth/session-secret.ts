import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { SessionSecretError } from './auth.errors.js';

const MIN_LENGTH = 32;

/** Injection token of the key that signs session tokens. */
export const SESSION_SECRET = Symbol('app:session-secret');

/**
 * Reads the key from `SESSION_SECRET`. Without one, development gets a random key that lasts as long as the process.
 *
 * @throws SessionSecretError when it is too short, or missing in production
 */
export function sessionSecretFrom(env: NodeJS.ProcessEnv): Uint8Array {
  const secret = env.SESSION_SECRET;
  if (!secret) {
    if (env.NODE_ENV === 'production') throw new SessionSecretError('is missing.');
    new Logger('Auth').warn('SESSION_SECRET is not set: sessions are signed with a random key and end with this process.');
    return randomBytes(MIN_LENGTH);
  }
  if (secret.length < MIN_LENGTH) throw new SessionSecretError(`has ${secret.length} characters.`);
  return new TextEncoder().encode(secret);
}
