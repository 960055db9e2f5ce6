import { describe, expect, it } from '@jest/globals';
import { OpenIdClientMissingError } from '../sign-in.errors.js';
import { loadOpenIdClient } from './openid-client.js';

describe(loadOpenIdClient, () => {
  it('imports the package', async () => {
    expect(await loadOpenIdClient()).toHaveProperty('discovery');
  });

  it('says what to install where it is missing', async () => {
    const missing = new Error("Cannot find package 'openid-client'");
    const failure = await loadOpenIdClient(() => Promise.reject(missing)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ constructor: OpenIdClientMissingError, cause: missing });
    expect(String(failure)).toContain('npm install openid-client');
  });
});
