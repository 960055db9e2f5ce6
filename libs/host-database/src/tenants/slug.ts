import { InvalidInputError } from '../common/index.js';

// A label of a host name (RFC 1123 section 2.1), so that a slug can be a subdomain.
const SLUG_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws InvalidInputError when the slug could not be a subdomain */
export function assertSlug(slug: unknown): string {
  if (typeof slug !== 'string' || !SLUG_PATTERN.test(slug)) {
    throw new InvalidInputError('slug', 'must be 1 to 63 lower-case letters, digits and inner dashes, such as acme-gmbh.');
  }
  return slug;
}
