import { InvalidReturnToError } from './sign-in.errors.js';

const MAX_LENGTH = 2048;
/** Browsers read a backslash as a slash, and leave out tabs and line breaks wherever they stand. */
const MISREAD = /[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
/** A path, or a whole address; anything else a browser could take for either. */
const PATH_OR_ADDRESS = /^(?:\/(?!\/)|https?:\/\/)/i;

/**
 * Returns a path of the application, with query and fragment, in ASCII. A whole address counts where it is the application's own.
 *
 * @throws InvalidReturnToError where a browser would go elsewhere
 */
export function assertReturnTo(value: unknown, publicUrl: string): string {
  if (typeof value !== 'string' || value.length > MAX_LENGTH || MISREAD.test(value) || !PATH_OR_ADDRESS.test(value)) {
    throw new InvalidReturnToError();
  }
  const url = URL.parse(value, publicUrl);
  if (!url || url.origin !== new URL(publicUrl).origin || url.username !== '' || url.password !== '') {
    throw new InvalidReturnToError();
  }
  const path = `${url.pathname}${url.search}${url.hash}`;
  // What was `/.//evil.example` is `//evil.example` now, the address of another host.
  if (path.startsWith('//') || path.length > MAX_LENGTH) throw new InvalidReturnToError();
  return path;
}
