import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { sessionSecretFrom } from './session-secret.js';

describe('sessionSecretFrom', () => {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);

  afterEach(() => {
    warn.mockClear();
  });

  it('reads SESSION_SECRET', () => {
    const secret = 'a secret of thirty-two characters';

    expect(new TextDecoder().decode(sessionSecretFrom({ SESSION_SECRET: secret, NODE_ENV: 'production' }))).toBe(secret);
    expect(warn).not.toHaveBeenCalled();
  });

  it('makes a random one in development, and warns', () => {
    const [first, second] = [sessionSecretFrom({}), sessionSecretFrom({ SESSION_SECRET: '' })];

    expect(first.byteLength).toBe(32);
    expect(first).not.toEqual(second);
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it.each([[{ NODE_ENV: 'production' }], [{ SESSION_SECRET: 'x'.repeat(31) }]])('refuses %j', (env) => {
    expect(() => sessionSecretFrom(env)).toThrow(expect.objectContaining({ code: 'AUTH_SESSION_SECRET_INVALID' }));
  });
});
