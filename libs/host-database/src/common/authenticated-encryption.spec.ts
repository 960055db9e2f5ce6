import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decrypt, encrypt, splitTag } from './authenticated-encryption.js';

const key = randomBytes(32);
const plain = Buffer.from('something secret');

describe(encrypt, () => {
  it('has an IV of 96 bits that is never the same, and a tag of 128 bits after the ciphertext', () => {
    const [first, second] = [encrypt(plain, key, 'a'), encrypt(plain, key, 'a')];
    expect([first.iv.length, first.sealed.length]).toEqual([12, plain.length + 16]);
    expect(first.iv).not.toEqual(second.iv);
    expect(splitTag(first.sealed).tag).toHaveLength(16);
    expect(Buffer.concat(Object.values(splitTag(first.sealed)))).toEqual(first.sealed);
  });
});

describe(decrypt, () => {
  it('gives back what was encrypted with the same key for the same context', () => {
    expect(decrypt(encrypt(plain, key, 'ü'), key, 'ü')).toEqual(plain);
    expect(decrypt(encrypt(Buffer.alloc(0), key, ''), key, '')).toEqual(Buffer.alloc(0));
  });

  it('gives back nothing for another key or context, or where any byte was changed or is missing', () => {
    const { iv, sealed } = encrypt(plain, key, 'a');
    expect(decrypt({ iv, sealed }, randomBytes(32), 'a')).toBeUndefined();
    expect(decrypt({ iv, sealed }, key, 'b')).toBeUndefined();
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed);
      changed[index]! ^= 1;
      expect(decrypt({ iv, sealed: changed }, key, 'a')).toBeUndefined();
    }
    expect(decrypt({ iv, sealed: sealed.subarray(0, 15) }, key, 'a')).toBeUndefined();
    expect(decrypt({ iv: iv.subarray(1), sealed }, key, 'a')).toBeUndefined();
  });
});
