import { describe, expect, it } from '@jest/globals';
import { resolveUsersOptions } from '../users.options.js';

describe(resolveUsersOptions, () => {
  it('has the parameters that OWASP recommends by default, and fills in what is not given', () => {
    const defaults = { memoryKib: 19_456, passes: 2, parallelism: 1 };

    expect(resolveUsersOptions().passwords).toMatchObject({ minLength: 10, maxLength: 256, argon2: defaults });
    expect(resolveUsersOptions({ passwords: { argon2: { passes: 3 } } }).passwords.argon2).toEqual({ ...defaults, passes: 3 });
  });

  it.each([
    [{ passwords: { minLength: 7 } }, 'users.passwords.minLength'],
    [{ passwords: { minLength: 100, maxLength: 99 } }, 'users.passwords.minLength'],
    [{ passwords: { maxLength: 63 } }, 'users.passwords.maxLength'],
    [{ passwords: { maxLength: 4_097 } }, 'users.passwords.maxLength'],
    [{ passwords: { argon2: { memoryKib: 15, parallelism: 2 } } }, 'users.passwords.argon2.memoryKib'],
    [{ passwords: { argon2: { passes: 0 } } }, 'users.passwords.argon2.passes'],
    [{ passwords: { argon2: { parallelism: 256, memoryKib: 4_096 } } }, 'users.passwords.argon2.parallelism'],
    [{ tokens: { verifyEmailHours: 0 } }, 'users.tokens.verifyEmailHours'],
    [{ tokens: { resetPasswordMinutes: 1.5 } }, 'users.tokens.resetPasswordMinutes'],
  ])('refuses %j', (options, option) => {
    expect(() => resolveUsersOptions(options)).toThrow(expect.objectContaining({ code: 'COMMON_INVALID_OPTION', option }));
  });
});
