import { describe, expect, it } from '@jest/globals';
import { hash } from '@node-rs/argon2';
import { Argon2PasswordHasher } from './argon2.password-hasher.js';

const CHEAP = { memoryKib: 16, passes: 1, parallelism: 1 };
const PASSWORD = 'correct horse battery staple';

describe(Argon2PasswordHasher.name, () => {
  const sut = new Argon2PasswordHasher(CHEAP);

  it('makes hashes of argon2id with the parameters that it was given, and salts them', async () => {
    const [one, other] = await Promise.all([sut.hash(PASSWORD), sut.hash(PASSWORD)]);

    expect(one).toMatch(/^\$argon2id\$v=19\$m=16,t=1,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(other).not.toBe(one);
  });

  it('tells the right password from a wrong one', async () => {
    const made = await sut.hash(PASSWORD);

    expect(await sut.verify(made, PASSWORD)).toBe(true);
    expect(await sut.verify(made, `${PASSWORD} `)).toBe(false);
  });

  it.each(['', 'md5', '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', '$argon2id$secret'])(
    'takes %p for the hash of no password',
    async (unreadable) => {
      expect(await sut.verify(unreadable, PASSWORD)).toBe(false);
      expect(await sut.isCurrent(unreadable)).toBe(false);
    },
  );

  it.each([
    ['today’s', {}, true],
    ['more memory', { memoryCost: 32 }, false],
    ['more passes', { timeCost: 2 }, false],
    ['more threads', { parallelism: 2 }, false],
    ['a shorter output', { outputLen: 16 }, false],
    // argon2i
    ['another algorithm', { algorithm: 1 }, false],
  ])('finds out whether a hash was made with %s parameters', async (_what, parameters, isCurrent) => {
    const made = await hash(PASSWORD, { memoryCost: 16, timeCost: 1, parallelism: 1, ...parameters });

    expect(await sut.isCurrent(made)).toBe(isCurrent);
    expect(await sut.verify(made, PASSWORD)).toBe(true);
  });

  it('has a decoy that costs what a hash of today costs, and that nothing fits', async () => {
    expect(await sut.isCurrent(sut.decoy)).toBe(true);
    expect(await sut.verify(sut.decoy, '')).toBe(false);
    expect(new Argon2PasswordHasher(CHEAP).decoy).not.toBe(sut.decoy);
  });

  it('says which package to install', async () => {
    const without = new Argon2PasswordHasher(CHEAP, () => Promise.reject(new Error('Cannot find package')));

    await expect(without.hash(PASSWORD)).rejects.toMatchObject({
      code: 'USERS_PASSWORD_PACKAGE_MISSING',
      packageName: '@node-rs/argon2',
    });
  });
});
