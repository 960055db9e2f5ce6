import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { LogMailer } from './log-mailer.js';

describe(LogMailer.name, () => {
  afterEach(() => void jest.restoreAllMocks());

  it('writes the link with the token, and none where there is no token', async () => {
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    const sut = new LogMailer('http://localhost:3000');
    await sut.send({ to: 'ada@example.com', template: 'verify-email', data: { token: 'secret', expiresAt: new Date() } });
    await sut.send({ to: 'ada@example.com', template: 'already-registered', data: { triedAt: new Date() } });

    expect(log.mock.calls.flat()).toEqual([
      'verify-email to ada@example.com http://localhost:3000/verify-email#token=secret',
      'already-registered to ada@example.com',
    ]);
  });
});
