import { describe, expect, it } from '@jest/globals';
import { assertDomain, normalizeDomain } from './domain-name.js';

describe(normalizeDomain, () => {
  it.each([
    ['app.example.com', 'app.example.com'],
    ['App.EXAMPLE.com', 'app.example.com'],
    ['app.example.com.', 'app.example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['app。example.com', 'app.example.com'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ])('takes %s as %s', (given, name) => {
    expect(normalizeDomain(given)).toBe(name);
  });

  it.each([
    '',
    '.',
    'localhost',
    'example..com',
    '127.0.0.1',
    '127.1',
    '[::1]',
    'example.com:3000',
    'https://example.com',
    'example.com/path',
    'user@example.com',
    'a b.example',
    '*.example.com',
    '_dmarc.example.com',
    '-a.example.com',
    'example.123',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(150)}example`,
    'xn--iñvalid.com',
    undefined,
    42,
  ])('takes %s for none', (given) => {
    expect(normalizeDomain(given)).toBeUndefined();
    expect(() => assertDomain(given)).toThrow(expect.objectContaining({ code: 'COMMON_INVALID_INPUT', field: 'domain' }));
  });
});
