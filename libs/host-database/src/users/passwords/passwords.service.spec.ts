import { beforeEach, describe, expect, it } from '@jest/globals';
import { resolveUsersOptions } from '../users.options.js';
import { PasswordHasher } from './password-hasher.js';
import type { GivenPasswordsOptions } from './passwords.options.js';
import { Passwords } from './passwords.service.js';

/** Keeps what it is given in the hash, and counts. */
class PlainHasher extends PasswordHasher {
  readonly decoy = 'decoy:';
  verifications: string[] = [];

  async hash(password: string): Promise<string> {
    return `plain:${password}`;
  }

  async verify(passwordHash: string, password: string): Promise<boolean> {
    this.verifications.push(passwordHash);
    return passwordHash.replace(/^(?:plain|old):/, '') === password;
  }

  async isCurrent(passwordHash: string): Promise<boolean> {
    return passwordHash.startsWith('plain:');
  }
}

describe(Passwords.name, () => {
  let hasher: PlainHasher;
  let sut: Passwords;

  const passwords = (options: GivenPasswordsOptions = {}) => new Passwords(hasher, resolveUsersOptions({ passwords: options }));

  beforeEach(() => {
    hasher = new PlainHasher();
    sut = passwords();
  });

  describe('hash', () => {
    it('hashes what may be chosen, as it is, without trimming it', async () => {
      expect(await sut.hash(' four words of mine ')).toBe('plain: four words of mine ');
    });

    it.each([
      { what: 'nine characters', password: 'ninechars', reason: 'too-short' },
      { what: 'nine characters of two units each', password: '\u{1F600}'.repeat(9), reason: 'too-short' },
      { what: 'ten characters that NFKC makes five', password: 'e\u0301'.repeat(5), reason: 'too-short' },
      { what: 'one too many', password: 'x'.repeat(257), reason: 'too-long' },
      { what: 'millions', password: 'x'.repeat(5_000_000), reason: 'too-long' },
      { what: 'digits in a row', password: '1234567890', reason: 'common' },
      { what: 'a common one with a capital', password: 'Password123', reason: 'common' },
      {
        what: 'a common one in full-width digits',
        password: '\uFF11\uFF12\uFF13\uFF14\uFF15\uFF16\uFF17\uFF18\uFF19\uFF10',
        reason: 'common',
      },
    ])('refuses $what as $reason', async ({ password, reason }) => {
      await expect(sut.hash(password)).rejects.toMatchObject({ code: 'USERS_WEAK_PASSWORD', reason });
    });

    it.each([
      { what: 'ten characters', password: 'ten chars!' },
      { what: 'ten of two units each', password: '\u{1F600}'.repeat(10) },
      { what: 'as many as are allowed', password: 'x'.repeat(256) },
      { what: 'as many of two units each', password: '\u{1F600}'.repeat(256) },
    ])('takes $what', async ({ password }) => {
      expect(await sut.hash(password)).toBe(`plain:${password}`);
    });

    it('refuses what contains the name in the address, whatever its case and what follows a plus', async () => {
      const guess = sut.hash('I am ADA.Lovelace 1815', { email: 'ada.lovelace+host@example.com' });
      await expect(guess).rejects.toMatchObject({ reason: 'contains-email' });

      expect(await sut.hash('I am somebody 1815', { email: 'ada.lovelace@example.com' })).toMatch(/^plain:/);
      // Three letters are in too many words.
      expect(await sut.hash('a good adage', { email: 'ada@example.com' })).toMatch(/^plain:/);
    });

    it('goes by the options', async () => {
      sut = passwords({ minLength: 12, maxLength: 64, commonPasswords: ['Analytical Engine'] });

      await expect(sut.hash('eleven char')).rejects.toMatchObject({ reason: 'too-short', limit: 12 });
      await expect(sut.hash('x'.repeat(65))).rejects.toMatchObject({ reason: 'too-long', limit: 64 });
      await expect(sut.hash('analytical ENGINE')).rejects.toMatchObject({ reason: 'common' });
      expect(await sut.hash('difference engine')).toBe('plain:difference engine');
    });

    it.each([undefined, 42, 'half a pair \uD83D and more'])('takes %j for no text', async (password) => {
      await expect(sut.hash(password as string)).rejects.toMatchObject({ code: 'COMMON_INVALID_INPUT', field: 'password' });
    });
  });

  describe('verify', () => {
    it('tells the right password from a wrong one, however its letters are composed', async () => {
      const made = await sut.hash('cafe\u0301 au lait');

      expect(await sut.verify(made, 'caf\u00E9 au lait')).toBe(true);
      expect(await sut.verify(made, 'cafe au lait')).toBe(false);
    });

    it('verifies one hash, whoever is asked about and whatever comes', async () => {
      const made = await sut.hash('four words of mine');
      const answers = [
        await sut.verify(made, 'four words of mine'),
        await sut.verify(made, 'x'.repeat(5_000)),
        await sut.verify(null, 'four words of mine'),
        await sut.verify(undefined, ''),
      ];

      expect(answers).toEqual([true, false, false, false]);
      expect(hasher.verifications).toEqual([made, hasher.decoy, hasher.decoy, hasher.decoy]);
    });

    it('lets nobody in by what fits the decoy', async () => {
      expect(await hasher.verify(hasher.decoy, hasher.decoy)).toBe(true);
      expect(await sut.verify(null, hasher.decoy)).toBe(false);
    });
  });

  describe('rehash', () => {
    it('makes another hash where the parameters have changed, also of a password that nobody may choose now', async () => {
      expect(await sut.rehash('old:short', 'short')).toBe('plain:short');
      expect(await sut.rehash('plain:short', 'short')).toBeUndefined();
    });
  });
});
