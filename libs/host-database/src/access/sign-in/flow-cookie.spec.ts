import { describe, expect, it } from '@jest/globals';
import { FlowCookie } from './flow-cookie.js';

const SECRET = 's'.repeat(43);

describe(FlowCookie, () => {
  it('has the prefix, by which browsers let nobody else set it, wherever there is TLS', () => {
    expect(new FlowCookie('https://app.example.com').write(SECRET, 60)).toBe(
      `__Host-sign-in=${SECRET}; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax`,
    );
    expect(new FlowCookie('http://localhost:3000').write(SECRET, 60)).toBe(
      `sign-in=${SECRET}; Max-Age=60; Path=/; HttpOnly; SameSite=Lax`,
    );
  });

  it.each([
    [`__Host-sign-in=${SECRET}`, SECRET],
    [`a=1; __Host-sign-in=${SECRET}; b=2`, SECRET],
    [undefined, undefined],
    ['', undefined],
    [`sign-in=${SECRET}`, undefined],
    ['__Host-sign-in=short', undefined],
    [`__Host-sign-in=${SECRET}s`, undefined],
    [`__Host-sign-in=${'%'.repeat(43)}`, undefined],
  ])('reads %p as %p', (header, expected) => {
    expect(new FlowCookie('https://app.example.com').read(header)).toBe(expected);
  });
});
