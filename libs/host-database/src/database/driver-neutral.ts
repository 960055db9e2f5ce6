import { DriverException, type Platform } from '@mikro-orm/core';

/** SQLSTATE is five characters; what SQLite says begins with its name. */
const DRIVER_CODE = /^(?:[0-9A-Z]{5}|SQLITE_\w+)$/;

/**
 * Returns an error of the database as MikroORM's exception. MikroORM converts those of queries, but hands on what a BEGIN or COMMIT
 * fails with as the driver threw it: a busy SQLite database, a serialization failure that PostgreSQL finds at the commit.
 */
export function driverNeutral(error: unknown, platform: Platform): unknown {
  if (!(error instanceof Error) || error instanceof DriverException) return error;
  const { code } = error as { code?: unknown };
  const isOfDriver = error.name === 'SqliteError' || 'severity' in error;
  return isOfDriver && typeof code === 'string' && DRIVER_CODE.test(code)
    ? platform.getExceptionConverter().convertException(error)
    : error;
}
