import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { genId } from '../../common/index.js';
import { resolveAuditOptions } from '../audit.options.js';
import { AuditKeyUnavailableError, ErasureNotConfiguredError } from './erasure.errors.js';
import { KeyWrapping } from './key-wrapping.js';
import {
  clearText,
  openClearText,
  openText,
  parseSealedText,
  placeOf,
  pointerTo,
  sealText,
  UNREADABLE_TEXT,
} from './sealed-text.js';

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

  it('reads what is stored already, byte for byte', () => {
    const [wrapping, iv] = [randomBytes(32), randomBytes(12)];
    const cipher = createCipheriv('aes-256-gcm', wrapping, iv).setAAD(Buffer.from('ada'));
    const parts = [iv, Buffer.concat([cipher.update(key), cipher.final()]), cipher.getAuthTag()];
    const stored = ['v1', 'k', ...parts.map((part) => part.toString('base64url'))].join('.');
    expect(wrappingWith('k', { k: wrapping }).unwrap(stored, 'ada')).toEqual(key);
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
  const place = placeOf(genId(), '/details/email');

  it.each(['', 'ada@example.com', 'Zoë 🚲', 'a'.repeat(512)])('gives %j back', (text) => {
    const sealed = sealText(key, 'user:ü', { text, place });
    expect(sealed).toMatch(/^enc:v1:/);
    const parsed = parseSealedText(sealed)!;
    expect(parsed.subjectId).toBe('user:ü');
    expect(openText(key, parsed, place)).toBe(text);
  });

  it('reads what is stored already, byte for byte', () => {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(JSON.stringify([place, 'ada'])));
    const bytes = Buffer.concat([cipher.update('text'), cipher.final(), cipher.getAuthTag()]);
    const stored = `enc:v1:${Buffer.from('ada').toString('base64url')}:${iv.toString('base64url')}.${bytes.toString('base64url')}`;
    expect(openText(key, parseSealedText(stored)!, place)).toBe('text');
  });

  it('never makes the same of the same text', () => {
    const seal = () => sealText(key, 'ada', { text: 'text', place });
    expect(seal()).not.toBe(seal());
  });

  it('does not open with another key, for another person, at another place, or when a bit was changed', () => {
    const parsed = parseSealedText(sealText(key, 'ada', { text: 'text', place }))!;
    const bytes = Buffer.from(parsed.bytes);
    bytes[0]! ^= 1;
    expect(openText(randomBytes(32), parsed, place)).toBe(UNREADABLE_TEXT);
    expect(openText(key, { ...parsed, subjectId: 'eve' }, place)).toBe(UNREADABLE_TEXT);
    expect(openText(key, parsed, placeOf(genId(), '/details/email'))).toBe(UNREADABLE_TEXT);
    expect(openText(key, parsed, place.replace('email', 'note'))).toBe(UNREADABLE_TEXT);
    expect(openText(key, parsed, place)).toBe('text');
    expect(openText(key, { ...parsed, bytes }, place)).toBe(UNREADABLE_TEXT);
  });

  it('leaves alone what was never sealed', () => {
    for (const text of ['', 'enc:v1:', 'enc:v1:a:b.c', 'text']) expect(parseSealedText(text)).toBeUndefined();
  });

  it('fits into the column of an address, for the longest id of a person', () => {
    expect(sealText(key, '𝒜'.repeat(127), { text: 'f'.repeat(45), place }).length).toBeLessThanOrEqual(1_023);
  });
});

describe(clearText.name, () => {
  it.each(['text', '', 'enc:', 'enc:v1:YWRh:AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA', 'enc:text:', 'enc:text:enc:text:x'])(
    'makes of %j what is not sealed, and gives it back',
    (text) => {
      expect(parseSealedText(clearText(text))).toBeUndefined();
      expect(openClearText(clearText(text))).toBe(text);
    },
  );
});

describe(pointerTo.name, () => {
  it('tells fields apart, whatever they are called', () => {
    const paths = [['a', 'b'], ['a/b'], ['a~1b'], ['a~b'], ['a', '', 'b']];
    const pointers = paths.map((path) => path.reduce(pointerTo, ''));
    expect(pointers).toEqual(['/a/b', '/a~1b', '/a~01b', '/a~0b', '/a//b']);
  });
});
