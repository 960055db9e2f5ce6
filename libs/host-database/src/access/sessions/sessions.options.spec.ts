import { describe, expect, it } from '@jest/globals';
import { InvalidOptionError } from '../../common/index.js';
import { resolveSessionsOptions, type SessionsOptions } from './sessions.options.js';

describe(resolveSessionsOptions, () => {
  it('has defaults', () => {
    expect(resolveSessionsOptions()).toEqual({
      idleDays: 14,
      absoluteDays: 90,
      rotateAfterMinutes: 15,
      secure: true,
      trustedOrigins: [],
    });
  });

  it.each<Partial<SessionsOptions>>([
    { idleDays: 1 / 48 },
    { rotateAfterMinutes: 0 },
    { cookieName: '__Host-app' },
    { cookieName: 'app_session', secure: false },
    { trustedOrigins: ['https://admin.example.com', 'http://localhost:5173'] },
  ])('takes %j', (given) => {
    expect(resolveSessionsOptions(given)).toMatchObject(given);
  });

  it.each<Partial<SessionsOptions>>([
    { idleDays: 0 },
    { idleDays: Number.NaN },
    { absoluteDays: -1 },
    { absoluteDays: Number.POSITIVE_INFINITY },
    { rotateAfterMinutes: 1.5 },
    { rotateAfterMinutes: -1 },
    { cookieName: '' },
    { cookieName: 'a b' },
    { cookieName: 'a;b' },
    { cookieName: '__Host-app', secure: false },
    { cookieName: '__secure-app', secure: false },
    { trustedOrigins: ['https://admin.example.com/'] },
    { trustedOrigins: ['admin.example.com'] },
    { trustedOrigins: ['https://*.example.com/x'] },
    { trustedOrigins: ['null'] },
    { trustedOrigins: ['HTTPS://admin.example.com'] },
  ])('refuses %j', (given) => {
    expect(() => resolveSessionsOptions(given)).toThrow(InvalidOptionError);
  });
});
