import { InvalidInputError } from '../common/index.js';

// A label of a host name (RFC 1123 section 2.1), so that a slug can be a subdomain.
const SLUG_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether a value could be a slug. */
export function isSlug(value: unknown): value is string {
  return typeof value === 'string' && SLUG_PATTERN.test(value);
}

/** @throws InvalidInputError when the slug could not be a subdomain */
export function assertSlug(slug: unknown): string {
  if (!isSlug(slug)) {
    throw new InvalidInputError('slug', 'must be 1 to 63 lower-case letters, digits and inner dashes, such as acme-gmbh.');
  }
  return slug;
}
