import { InvalidInputError } from '../../common/index.js';

/** For each character that is allowed: one has two units at most, and NFKC joins a few. */
const UNITS_LOOKED_AT = 4;

/**
 * Returns a password as it is compared: in Unicode's form NFKC, which NIST SP 800-63B asks for, so that the same letters are the same
 * password from every keyboard. Nothing is trimmed. Undefined for one that is longer than `maxLength` characters.
 *
 * @throws InvalidInputError for what is no text
 */
export function comparablePassword(password: unknown, maxLength: number): string | undefined {
  if (typeof password !== 'string' || !password.isWellFormed()) throw new InvalidInputError('password', 'must be a text.');
  // What is far too long is not worth the work.
  if (password.length > maxLength * UNITS_LOOKED_AT) return undefined;
  const text = password.normalize('NFKC');
  return lengthOf(text) > maxLength ? undefined : text;
}

/** Counts characters: code points. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** Returns a text as it is looked for among common passwords. */
export function foldedPassword(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
