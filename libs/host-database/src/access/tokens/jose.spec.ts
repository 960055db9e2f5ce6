import { describe, expect, it } from '@jest/globals';
import { JoseMissingError } from './access-tokens.errors.js';
import { importJose } from './jose.js';

describe(importJose, () => {
  it('says what to install where the package is missing', async () => {
    const missing = async () => Promise.reject(new Error("Cannot find package 'jose'"));
    await expect(importJose(missing)).rejects.toMatchObject({ code: 'ACCESS_JOSE_MISSING', cause: expect.any(Error) });
    await expect(importJose(missing)).rejects.toBeInstanceOf(JoseMissingError);
  });

  it('imports it where it is', async () => {
    expect(await importJose()).toHaveProperty('jwtVerify');
  });
});
