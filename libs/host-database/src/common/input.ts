import { InvalidInputError } from './common.errors.js';

const JSON_PROBLEM = 'must be JSON: plain objects, arrays, well-formed strings without a NUL, numbers, booleans and null.';
// How JSON.stringify() writes a NUL and half of a surrogate pair, as where a text was cut within an emoji; PostgreSQL stores neither.
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][\da-f]{2})/;
// PostgreSQL refuses a NUL in a text, and no other control character belongs in a name or an address.
const CONTROL_CHARACTERS = /\p{Cc}/u;
// One "@", no white space, a dot in the domain: what the delivery of a message can check better is left to it.
const EMAIL_PATTERN = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
// RFC 5321 section 4.5.3.1: a path of 256 octets includes the two angle brackets.
const EMAIL_MAX_LENGTH = 254;

/**
 * Returns an email as it is stored: trimmed, in lower case.
 *
 * @throws InvalidInputError when it is not an address
 */
export function normalizeEmail(email: unknown): string {
  const normalized = typeof email === 'string' ? email.trim().toLowerCase() : '';
  if (!EMAIL_PATTERN.test(normalized) || CONTROL_CHARACTERS.test(normalized) || normalized.length > EMAIL_MAX_LENGTH) {
    throw new InvalidInputError('email', 'is not an address. Pass one such as ada@example.com, at most 254 characters.');
  }
  return normalized;
}

/**
 * Returns a text without surrounding white space.
 *
 * @throws InvalidInputError when it is empty, not a string, has control characters or half of a surrogate pair, or is longer than `maxLength` characters
 */
export function assertText(value: unknown, field: string, maxLength = 255): string {
  const text = typeof value === 'string' ? value.trim() : '';
  if (text.length === 0 || text.length > maxLength || CONTROL_CHARACTERS.test(text) || !text.isWellFormed()) {
    throw new InvalidInputError(field, `must be a text of 1 to ${maxLength} characters, without control characters.`);
  }
  return text;
}

/**
 * Returns the value if it is one of those allowed.
 *
 * @throws InvalidInputError otherwise
 */
export function assertOneOf<const T extends string>(value: unknown, allowed: readonly T[], field: string): T {
  const match = allowed.find((candidate) => candidate === value);
  if (match === undefined) throw new InvalidInputError(field, `must be one of: ${allowed.join(', ')}.`);
  return match;
}

/** The greatest number that an integer column holds on every dialect. */
export const INT32_MAX = 2_147_483_647;

/** @throws InvalidInputError when the value is not a whole number from `min` to 2147483647 */
export function assertInt32(value: unknown, field: string, min = 0): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > INT32_MAX) {
    throw new InvalidInputError(field, `must be a whole number from ${min} to ${INT32_MAX}.`);
  }
  return value;
}

/**
 * Returns the value as it will be read back from a JSON column: dates as strings, undefined fields left out.
 *
 * @throws InvalidInputError when it is not JSON, or holds a NUL or half of a surrogate pair, which PostgreSQL does not store
 */
export function assertJson<T>(value: T, field: string): T {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new InvalidInputError(field, JSON_PROBLEM, { cause });
  }
  if (text === undefined || UNSTORABLE.test(text)) throw new InvalidInputError(field, JSON_PROBLEM);
  return JSON.parse(text) as T;
}
