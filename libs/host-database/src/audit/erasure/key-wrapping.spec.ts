import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { resolveAuditOptions } from '../audit.options.js';
import { AuditKeyUnavailableError, ErasureNotConfiguredError } from './erasure.errors.js';
import { KeyWrapping } from './key-wrapping.js';
import { openText, parseSealedText, sealText, UNREADABLE_TEXT } from './sealed-text.js';

const wrappingWith = (keyId: string, keys: Record<string, Uint8Array>) =>
  new KeyWrapping(resolveAuditOptions({ encryption: { keyId, keys } }));

describe(KeyWrapping.name, () => {
  const key = randomBytes(32);
  const sut = wrappingWith('2026.11', { '2026.11': randomBytes(32) });

  it('opens what it has wrapped, for the same person only', () => {
    const wrapped = sut.wrap(key, 'ada');
    expect(wrapped).toMatch(/^v1\.2026\.11\.[\w-]{16}\.[\w-]{43}\.[\w-]{22}$/);
    expect(sut.keyIdOf(wrapped)).toBe('2026.11');
    expect(sut.unwrap(wrapped, 'ada')).toEqual(key);
    expect(() => sut.unwrap(wrapped, 'eve')).toThrow(AuditKeyUnavailableError);
  });

  it('says which key is missing, or is another one', () => {
    const wrapped = sut.wrap(key, 'ada');
    const other = randomBytes(32);
    for (const keys of [{ other }, { other, '2026.11': randomBytes(32) }] as Record<string, Uint8Array>[]) {
      expect(() => wrappingWith('other', keys).unwrap(wrapped, 'ada')).toThrow(expect.objectContaining({ keyId: '2026.11' }));
    }
  });

  it('is refused without a key', () => {
    expect(() => new KeyWrapping(resolveAuditOptions({})).wrap(key, 'ada')).toThrow(ErasureNotConfiguredError);
  });
});

describe(sealText.name, () => {
  const key = randomBytes(32);

  it.each(['', 'ada@example.com', 'Zoë 🚲', 'a'.repeat(512)])('gives %j back', (text) => {
    const sealed = sealText(key, 'user:ü', text);
    expect(sealed).toMatch(/^enc:v1:/);
    const parsed = parseSealedText(sealed)!;
    expect(parsed.subjectId).toBe('user:ü');
    expect(openText(key, parsed)).toBe(text);
  });

  it('never makes the same of the same text', () => {
    expect(sealText(key, 'ada', 'text')).not.toBe(sealText(key, 'ada', 'text'));
  });

  it('does not open with another key, for another person, or when a bit was changed', () => {
    const parsed = parseSealedText(sealText(key, 'ada', 'text'))!;
    const bytes = Buffer.from(parsed.bytes);
    bytes[0]! ^= 1;
    expect(openText(randomBytes(32), parsed)).toBe(UNREADABLE_TEXT);
    expect(openText(key, { ...parsed, subjectId: 'eve' })).toBe(UNREADABLE_TEXT);
    expect(openText(key, { ...parsed, bytes })).toBe(UNREADABLE_TEXT);
  });

  it('leaves alone what was never sealed', () => {
    for (const text of ['', 'enc:v1:', 'enc:v1:a:b.c', 'text']) expect(parseSealedText(text)).toBeUndefined();
  });

  it('fits into the column of an address, for the longest id of a person', () => {
    expect(sealText(key, '𝒜'.repeat(127), 'f'.repeat(45)).length).toBeLessThanOrEqual(1_023);
  });
});
