import type { DriverException } from '@mikro-orm/core';
import { HostDatabaseError } from '../../common/index.js';

/**
 * Hands on an error of the library as it is: a statement that was refused before it was sent has no driver's error to convert, and
 * its caller matches on its class and code.
 */
export function orOwnError(exception: Error, convert: (exception: Error) => DriverException): DriverException {
  return exception instanceof HostDatabaseError ? exception : convert(exception);
}
