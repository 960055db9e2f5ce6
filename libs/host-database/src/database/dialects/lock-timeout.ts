import { LockWaitTimeoutException } from '@mikro-orm/core';

/** SQLSTATE of a lock that was not to be had within `lock_timeout`; MikroORM has no class for it on PostgreSQL. */
const LOCK_NOT_AVAILABLE = '55P03';

/** Runs `work`, whose failure to get a lock in time is one that the same work may not have later. @throws LockWaitTimeoutException */
export async function inTimeForLock<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw (error as { code?: unknown }).code === LOCK_NOT_AVAILABLE ? new LockWaitTimeoutException(error as Error) : error;
  }
}
