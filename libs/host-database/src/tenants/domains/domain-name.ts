import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { InvalidInputError } from '../../common/index.js';

const MAX_LENGTH = 253;
// At least two labels of a host name (RFC 1123 section 2.1), the last not all digits.
const DOMAIN_PATTERN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Returns a domain as DNS has it: lower case, an international name in its `xn--` form, without the dot at its end. Undefined for what is
 * none, such as an IP address, a name of one label, or one with a port.
 */
export function normalizeDomain(domain: unknown): string | undefined {
  // The letters alone may be four times as many bytes once they are encoded; longer ones need not be looked at.
  if (typeof domain !== 'string' || domain.length > MAX_LENGTH + 1) return undefined;
  // A URL would end at these, and the rest would be taken for a domain.
  if (/[\s/?#@:\\%]/.test(domain)) return undefined;
  const name = domainToASCII(domain.endsWith('.') ? domain.slice(0, -1) : domain);
  return name.length <= MAX_LENGTH && isIP(name) === 0 && DOMAIN_PATTERN.test(name) ? name : undefined;
}

/** @throws InvalidInputError when it is no domain */
export function assertDomain(domain: unknown): string {
  const name = normalizeDomain(domain);
  if (name === undefined) {
    throw new InvalidInputError(
      'domain',
      'must be a domain of at least two labels, such as app.example.com, without a port or path.',
    );
  }
  return name;
}
