import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalJson, isCanonicalJson } from './canonical-json.js';
import { InvalidAuditRecordError } from './integrity.errors.js';

const double = (hex: string) => Buffer.from(hex, 'hex').readDoubleBE();

describe(canonicalJson.name, () => {
  it('writes the example of RFC 8785, section 3.2.2', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('sorts keys by UTF-16 code units, as section 3.2.3 asks', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(Object.values(JSON.parse(canonicalJson(value)) as object)).toHaveLength(7);
    expect([...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map(([, name]) => name)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number %s of appendix B as %s', (bits, text) => {
    expect(canonicalJson(double(bits))).toBe(text);
  });

  it('is the same after reading it back, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 }), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(canonicalJson(reversed(value))).toBe(text);
        expect(isCanonicalJson(text, JSON.parse(text))).toBe(true);
      }),
    );
  });

  const itself: { self?: unknown } = {};
  itself.self = itself;
  const holes: unknown[] = [];
  holes[1] = 1;
  it.each<[string, unknown]>([
    ['a lone high surrogate', { a: '\ud800' }],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['NaN', [Number.NaN]],
    ['Infinity', { a: -Infinity }],
    ['BigInt', { a: 1n }],
    ['undefined in an array', [1, undefined]],
    ['a hole in an array', holes],
    ['undefined', undefined],
    ['a function', { a: () => 1 }],
    ['a symbol', [Symbol('a')]],
    ['a map', { a: new Map([['b', 1]]) }],
    ['a set', new Set([1])],
    ['an error', { a: new Error('b') }],
    ['a boxed number', Object(1)],
    ['an invalid surrogate behind toJSON', { toJSON: () => '\ud800' }],
    ['what holds itself', itself],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(InvalidAuditRecordError);
  });

  it('tells where it is wrong', () => {
    const at = (value: unknown) => {
      try {
        return canonicalJson(value, 'details');
      } catch (error) {
        return (error as InvalidAuditRecordError).path;
      }
    };
    expect(at({ rooms: [{}, { name: Number.NaN }] })).toBe('details.rooms[1].name');
  });

  it('takes a date as its instant and leaves undefined properties out', () => {
    expect(canonicalJson({ at: new Date('2026-03-29T01:30:00+01:00'), none: undefined })).toBe(
      '{"at":"2026-03-29T00:30:00.000Z"}',
    );
  });
});

describe(isCanonicalJson.name, () => {
  it.each(['{"a":1,"a":1}', '{"b":1,"a":2}', '{ "a":1}', '[1.0]', '["\\u0041"]', '[-0]'])('refuses %s', (text) => {
    expect(isCanonicalJson(text, JSON.parse(text))).toBe(false);
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]) => [key, reversed(member)] as const)
      .toReversed(),
  );
}
