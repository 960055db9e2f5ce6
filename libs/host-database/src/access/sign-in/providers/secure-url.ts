import { InvalidOptionError } from '../../../common/index.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Returns the address. Whoever reads the traffic to it could sign in as others, so that it is HTTPS, or of this machine.
 *
 * @throws InvalidOptionError
 */
export function assertSecureUrl(option: string, value: string): URL {
  const url = URL.parse(value);
  const isSecure = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname));
  if (!url || !isSecure || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new InvalidOptionError(
      option,
      'must be an https:// address without credentials and query (http:// for localhost alone).',
    );
  }
  return url;
}
