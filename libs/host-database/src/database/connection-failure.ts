import { ConnectionException } from '@mikro-orm/core';

/** What the operating system says where a server cannot be reached, or is gone in the middle of an answer. */
const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** SQLSTATE: every connection exception, a server that shuts down, has crashed, is starting, or has no connection to give. */
const SQL_STATE = /^(?:08...|57P0[123]|53300)$/;
/** SQLite: the file cannot be opened, or its disk does not answer. */
const SQLITE_CODE = /^SQLITE_(?:CANTOPEN|IOERR)/;
/** What `pg` says, without a code, of a connection that ended or did not come about. */
const PG_MESSAGE = /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/;

/**
 * Whether an error says that the database could not be reached, on either dialect. A statement that fails on a database that answers is
 * none, and neither is one that waited for a lock in vain.
 */
export function isConnectionFailure(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof ConnectionException) return true;
    // Each address of a host name is tried, and each failure kept.
    if (current instanceof AggregateError && current.errors.some(isConnectionFailure)) return true;
    const { code } = current as { code?: unknown };
    if (typeof code === 'string' && (SYSTEM_CODES.has(code) || SQL_STATE.test(code) || SQLITE_CODE.test(code))) return true;
    if (PG_MESSAGE.test(current.message)) return true;
  }
  return false;
}
