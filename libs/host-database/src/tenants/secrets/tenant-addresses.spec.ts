import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { genId, InvalidOptionError } from '../../common/index.js';
import { DatabaseSettings } from '../../database/index.js';
import {
  SecretKeyProviderError,
  SecretKeyUnknownError,
  SecretsNotConfiguredError,
  SecretTamperedError,
} from './secrets.errors.js';
import { resolveSecretsOptions, type SecretsOptions } from './secrets.options.js';
import { TenantAddresses } from './tenant-addresses.js';

const ADDRESS = { sqlite: 'sqlite:///data/S3cret.db', postgresql: 'postgresql://acme:S3cret@db:5433/acme' };
const LOCATIONS = {
  sqlite: { known: 'sqlite:///data/x.db', same: ['sqlite:///data/x', 'file:///data/x.db'], others: ['sqlite:///data/X.db'] },
  postgresql: {
    known: 'postgresql://host:5432/acme',
    same: ['postgres://HOST/acme', 'postgresql://a:b@host/acme', 'postgresql:///acme', 'postgresql://host/acme?sslmode=require'],
    others: ['postgresql://host:5433/acme', 'postgresql://host/Acme', 'postgresql://host2/acme'],
  },
};
const keys = { 'first:1': randomBytes(32), second: randomBytes(32) };

describe.each(['sqlite', 'postgresql'] as const)(`${TenantAddresses.name} on %s`, (type) => {
  const settings = DatabaseSettings.from({ type, host: 'host', user: 'app', password: 'app' });
  const addresses = (secrets?: SecretsOptions) => new TenantAddresses(resolveSecretsOptions(secrets), settings);
  const sut = addresses({ keyId: 'first:1', keys });
  const address = ADDRESS[type];

  it('gives back what it has sealed, without its password where it is only to be found', async () => {
    const id = genId();
    const sealed = await sut.seal(id, address);
    expect(sealed).toEqual({
      dbUrl: expect.stringMatching(/^enc:v1:first%3A1:/),
      dbUrlHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await sut.reveal({ id, ...sealed })).toBe(address);
    expect(await sut.locate({ id, ...sealed })).toBe(address.replace(':S3cret@', '@'));
    expect(inspect([sut, sealed], { depth: 9 })).not.toContain('S3cret');
  });

  it('reads what is stored already, byte for byte', async () => {
    const [id, dataKey] = [genId(), randomBytes(32)];
    const seal = (plain: Uint8Array, key: Uint8Array, purpose: string) => {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(JSON.stringify([purpose, 'second', id])));
      return [iv, Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])];
    };
    const wrapped = Buffer.concat(seal(dataKey, keys.second, 'nestjs-host-database:data-key'));
    const parts = [wrapped, ...seal(Buffer.from(address), dataKey, 'core_tenants.db_url')];
    const dbUrl = ['enc:v1:second', ...parts.map((part) => part.toString('base64url'))].join(':');
    expect(await sut.reveal({ id, dbUrl })).toBe(address);
  });

  it('takes addresses for the same that lead to the same database', async () => {
    const hash = async (given: string) => (await sut.seal(genId(), given)).dbUrlHash;
    const { known, same, others } = LOCATIONS[type];
    const hashOfKnown = await hash(known);
    expect(await Promise.all(same.map(hash))).toEqual(same.map(() => hashOfKnown));
    expect(await Promise.all(others.map(hash))).not.toContain(hashOfKnown);
  });

  it('opens an envelope for the tenant that it was sealed for, and no other', async () => {
    const [id, other] = [genId(), genId()];
    const { dbUrl } = await sut.seal(id, address);
    await expect(sut.reveal({ id: other, dbUrl })).rejects.toMatchObject({ code: 'TENANTS_SECRET_TAMPERED', tenantId: other });
    expect(await sut.reveal({ id, dbUrl })).toBe(address);
    await expect(sut.reveal({ id: other, dbUrl })).rejects.toBeInstanceOf(SecretTamperedError);
  });

  it('refuses an envelope of which any byte was changed', async () => {
    const id = genId();
    const parts = (await sut.seal(id, address)).dbUrl.split(':');
    for (const part of [3, 4, 5]) {
      const { length } = Buffer.from(parts[part] ?? '', 'base64url');
      for (let index = 0; index < length; index++) {
        const bytes = Buffer.from(parts[part] ?? '', 'base64url');
        bytes[index]! ^= 1;
        const dbUrl = parts.with(part, bytes.toString('base64url')).join(':');
        await expect(sut.reveal({ id, dbUrl })).rejects.toBeInstanceOf(SecretTamperedError);
      }
    }
    const spoilt = [
      parts.slice(0, 5),
      parts.with(1, 'v2'),
      parts.with(2, 'second'),
      parts.with(2, '%'),
      parts.with(5, ''),
      [...parts, 'x'],
    ];
    for (const texts of spoilt)
      await expect(sut.reveal({ id, dbUrl: texts.join(':') })).rejects.toBeInstanceOf(SecretTamperedError);
    expect(await sut.reveal({ id, dbUrl: parts.join(':') })).toBe(address);
  });

  it('opens what a former key has sealed, as long as that is there', async () => {
    const id = genId();
    const { dbUrl } = await sut.seal(id, address);
    const reveal = (secrets?: SecretsOptions) => addresses(secrets).reveal({ id, dbUrl });
    expect(await reveal({ keyId: 'second', keys })).toBe(address);
    expect(addresses({ keyId: 'second', keys }).currentKeyId).toBe('second');
    const unknown = reveal({ keyId: 'second', keys: { second: keys.second } });
    await expect(unknown).rejects.toBeInstanceOf(SecretKeyUnknownError);
    await expect(unknown).rejects.toMatchObject({ tenantId: id, keyId: 'first:1' });
    await expect(reveal({ keyId: 'first:1', keys: { 'first:1': randomBytes(32) } })).rejects.toBeInstanceOf(SecretTamperedError);
    await expect(reveal()).rejects.toBeInstanceOf(SecretsNotConfiguredError);
  });

  it('tells what a key provider has failed at', async () => {
    const cause = new Error('throttled');
    const fail = () => Promise.reject(cause);
    const failing = addresses({ provider: { keyId: 'first:1', wrap: fail, unwrap: fail } });
    const id = genId();
    await expect(failing.seal(id, address)).rejects.toMatchObject({
      code: 'TENANTS_SECRET_KEY_PROVIDER_FAILED',
      tenantId: id,
      cause,
    });
    const { dbUrl } = await sut.seal(id, address);
    await expect(failing.reveal({ id, dbUrl })).rejects.toBeInstanceOf(SecretKeyProviderError);
  });

  it('reads one in clear, unless that is turned off', async () => {
    const id = genId();
    expect(await sut.reveal({ id, dbUrl: address })).toBe(address);
    const strict = addresses({ keyId: 'second', keys, acceptClear: false });
    await expect(strict.reveal({ id, dbUrl: address })).rejects.toBeInstanceOf(SecretTamperedError);
  });
});

describe(resolveSecretsOptions, () => {
  it('takes key objects as well as bytes', () => {
    const options = { keyId: 'k', keys: { k: createSecretKey(randomBytes(32)) } };
    expect(resolveSecretsOptions(options).provider?.keyId).toBe('k');
  });

  it.each<[string, SecretsOptions]>([
    ['secrets.keyId', { keyId: 'third', keys }],
    ['secrets.keys.first', { keyId: 'first', keys: { first: randomBytes(16) } }],
    ['secrets.keys', { keyId: '', keys: { '': randomBytes(32) } }],
    ['secrets.provider', { provider: { keyId: '', wrap: () => randomBytes(1), unwrap: () => randomBytes(1) } }],
  ])('refuses a wrong %s', (option, secrets) => {
    let refusal: unknown;
    try {
      resolveSecretsOptions(secrets);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(InvalidOptionError);
    expect(refusal).toMatchObject({ option });
  });
});
