import { describe, expect, it } from '@jest/globals';
import { ConnectionException, DriverException, LockWaitTimeoutException } from '@mikro-orm/core';
import { isConnectionFailure } from './connection-failure.js';

const withCode = (code: string, message = 'no') => Object.assign(new Error(message), { code });

describe(isConnectionFailure, () => {
  it.each([
    ['a refused connection', withCode('ECONNREFUSED')],
    ['one of several addresses', new AggregateError([withCode('ECONNREFUSED'), withCode('EHOSTUNREACH')])],
    ['a server that shuts down', withCode('57P01')],
    ['a server that starts', withCode('57P03')],
    ['a connection exception', withCode('08006')],
    ['a file that cannot be opened', withCode('SQLITE_CANTOPEN')],
    ['a disk that does not answer', withCode('SQLITE_IOERR_READ')],
    ['a connection that ended', new Error('Connection terminated unexpectedly')],
    ["MikroORM's exception", new ConnectionException(new Error('unable to open database file'))],
    ['what an error was caused by', new Error('outer', { cause: withCode('ECONNRESET') })],
    ['a converted error', new DriverException(withCode('ECONNRESET'))],
  ])('takes %s for one', (_, error) => {
    expect(isConnectionFailure(error)).toBe(true);
  });

  it.each([
    ['a refused password', withCode('28P01')],
    ['a missing table', withCode('42P01')],
    ['a violated constraint', withCode('23505')],
    ['a busy file', withCode('SQLITE_BUSY')],
    ['a damaged file', withCode('SQLITE_CORRUPT')],
    ['a lock that was not to be had', new LockWaitTimeoutException(withCode('55P03'))],
    ['no error', 'ECONNREFUSED'],
  ])('does not take %s for one', (_, error) => {
    expect(isConnectionFailure(error)).toBe(false);
  });
});
