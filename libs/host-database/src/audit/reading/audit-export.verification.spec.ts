import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { genId } from '../../common/index.js';
import { createTestHost, type TestHost } from '../../testing/index.js';
import { AuditService } from '../audit.service.js';
import { Ed25519Signer, generateSigningKey, sealCheckpoint } from '../integrity/index.js';
import { runVerifyCommand } from '../integrity/verify-command.js';
import { AuditCheckpoint } from '../sealing/audit-checkpoint.entity.js';
import { AuditExporter } from './audit-exporter.js';

const key = generateSigningKey();
const signer = new Ed25519Signer(key.privateKey);

describe.each(['sqlite', 'postgresql'] as const)('an export of a third party on %s', (database) => {
  let host: TestHost;
  let directory: string;

  beforeAll(async () => {
    host = await createTestHost({ database });
    directory = await mkdtemp(join(tmpdir(), 'export-'));
    await writeFile(join(directory, 'keys.json'), JSON.stringify({ [key.keyId]: key.publicKey }));
  });
  afterAll(async () => {
    await host.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Rows of a tenant, all but the last of them sealed in two checkpoints. */
  async function sealedScope(): Promise<string> {
    const scope = genId();
    const leaves = [];
    for (const reason of ['ß\u2028\u{1F4DA}', 'one', 'two', 'three']) {
      const record = () =>
        host.get(AuditService).record({ eventType: 'audit.legal-hold-placed', tenantId: scope, details: { reason } });
      leaves.push(await host.run(record));
    }
    let previousHash: string | null = null;
    for (const [index, sealed] of [leaves.slice(0, 2), leaves.slice(2, 3)].entries()) {
      const seq = index + 1;
      const sealedAt = new Date();
      const { content, ...stored } = await sealCheckpoint({ scope, seq, previousHash, leaves: sealed, sealedAt, signer });
      const { size, firstId, lastId, keyId } = content;
      await host.run(() =>
        host.hostDatabase.em.insert(AuditCheckpoint, {
          id: genId(),
          scope,
          seq,
          size,
          firstId,
          lastId,
          keyId,
          sealedAt,
          ...stored,
        }),
      );
      previousHash = stored.hash;
    }
    return scope;
  }

  async function exportOf(scope: string): Promise<string> {
    let text = '';
    for await (const line of host.get(AuditExporter).exportJsonl({ scope })) text += line;
    return text;
  }

  /** What the program of the third party says of it. */
  async function verify(text: string) {
    const file = join(directory, `${randomUUID()}.jsonl`);
    await writeFile(file, text);
    let output = '';
    const write = (part: string) => void (output += part);
    const status = await runVerifyCommand(
      [file, '--keys', join(directory, 'keys.json'), '--json', '--now', '2030-01-01T00:00:30Z'],
      {
        out: write,
        err: write,
      },
    );
    return { status, output };
  }

  it('is found to be whole', async () => {
    const { status, output } = await verify(await exportOf(await sealedScope()));

    expect(output).toContain('"checkedRows": 4');
    expect(output).toContain('"checkedCheckpoints": 2');
    expect(output).toContain('"sealedRows": 3');
    expect(status).toBe(0);
  });

  it('is found to be changed where it was', async () => {
    const text = await exportOf(await sealedScope());

    expect((await verify(text.replace('"reason":"one"', '"reason":"won"'))).output).toContain('"kind": "edited"');
    const [, ...withoutFirst] = text.split('\n');
    expect(await verify(withoutFirst.join('\n'))).toMatchObject({
      status: 1,
      output: expect.stringContaining('"kind": "missing"'),
    });
  });

  it('needs the key that has signed it', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const text = await exportOf(await sealedScope());
    await writeFile(
      join(directory, 'keys.json'),
      JSON.stringify({ [key.keyId]: publicKey.export({ type: 'spki', format: 'pem' }) }),
    );

    expect(await verify(text)).toMatchObject({ status: 1, output: expect.stringContaining('"kind": "bad-signature"') });
  });
});
