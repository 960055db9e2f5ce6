import { DeadlockException, LockWaitTimeoutException } from '@mikro-orm/core';

/**
 * Whether the same work may succeed when it is done again: a serialization failure or a deadlock (SQLSTATE 40001 and 40P01), or a
 * database that another connection kept locked (SQLITE_BUSY, "database is locked"). MikroORM maps them on both dialects.
 */
export function isTransientFailure(error: unknown): boolean {
  return error instanceof DeadlockException || error instanceof LockWaitTimeoutException;
}
