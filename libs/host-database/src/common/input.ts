import { InvalidInputError } from './common.errors.js';

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
 * @throws InvalidInputError when it is empty, not a string, has control characters, or is longer than `maxLength` characters
 */
export function assertText(value: unknown, field: string, maxLength = 255): string {
  const text = typeof value === 'string' ? value.trim() : '';
  if (text.length === 0 || text.length > maxLength || CONTROL_CHARACTERS.test(text)) {
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
