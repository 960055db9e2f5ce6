import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { generateSigningKey } from 'nestjs-host-database/audit';
import { auditOptionsFrom } from './audit-keys.js';

describe('auditOptionsFrom', () => {
  let parent: string;
  let keyDirectory: string;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    parent = await mkdtemp(join(tmpdir(), 'audit-keys-'));
    keyDirectory = join(parent, 'keys');
  });
  afterEach(async () => {
    Logger.overrideLogger(['log', 'error']);
    await rm(parent, { recursive: true, force: true });
  });

  it('takes the keys that are set, and makes no files', async () => {
    const { keyId, privateKey, publicKey } = generateSigningKey();
    const encryptionKey = randomBytes(32);
    const { sealing, encryption } = await auditOptionsFrom({ signingKey: privateKey, encryptionKey, keyDirectory });

    expect(sealing?.publicKeys).toEqual({ [keyId]: publicKey });
    expect(Object.values(encryption?.keys ?? {})).toEqual([encryptionKey]);
    expect(await readdir(parent)).toEqual([]);
  });

  it('makes keys that only their owner reads, and finds them again', async () => {
    const first = await auditOptionsFrom({ keyDirectory });
    const again = await auditOptionsFrom({ keyDirectory });

    expect(again.sealing?.publicKeys).toEqual(first.sealing?.publicKeys);
    expect(again.encryption).toEqual(first.encryption);
    expect((await readdir(keyDirectory)).toSorted()).toEqual(['encryption-key', 'signing-key.pem']);
    for (const name of await readdir(keyDirectory)) {
      expect(((await stat(join(keyDirectory, name))).mode & 0o777).toString(8)).toBe('600');
    }
  });

  it('ends with the same keys, however many start at once', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => auditOptionsFrom({ keyDirectory })));

    expect(new Set(all.map(({ sealing }) => sealing?.signer.keyId)).size).toBe(1);
    expect(new Set(all.map(({ encryption }) => encryption?.keyId)).size).toBe(1);
    expect((await readdir(keyDirectory)).toSorted()).toEqual(['encryption-key', 'signing-key.pem']);
  });

  it.each(['encryption-key', 'signing-key.pem'])('refuses a damaged %s, and leaves it as it is', async (name) => {
    await auditOptionsFrom({ keyDirectory });
    const path = join(keyDirectory, name);
    await writeFile(path, 'no key');

    await expect(auditOptionsFrom({ keyDirectory })).rejects.toMatchObject({ code: 'AUDIT_KEY_FILE_INVALID', path });
    expect(await readFile(path, 'utf8')).toBe('no key');
  });

  it('has an anchor where a file is set', async () => {
    const anchorFile = join(parent, 'anchor.jsonl');

    expect((await auditOptionsFrom({ keyDirectory, anchorFile })).sealing?.anchors).toMatchObject([{ name: 'file' }]);
    expect((await auditOptionsFrom({ keyDirectory })).sealing?.anchors).toEqual([]);
  });
});
