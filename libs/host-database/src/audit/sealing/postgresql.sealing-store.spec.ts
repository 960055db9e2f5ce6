import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DIRECT_CONNECTION, type PostgresqlDirectConnection } from '../../database/index.js';
import { createTestHost, type TestHost } from '../../testing/index.js';
import { AuditService } from '../audit.service.js';
import { Ed25519Signer, generateSigningKey } from '../integrity/index.js';
import { AuditSealer, type SealResult } from './audit-sealer.js';
import { PostgresqlSealingStore } from './postgresql.sealing-store.js';

// On SQLite nothing of this process comes between what a round reads.
describe(PostgresqlSealingStore.name, () => {
  let host: TestHost;

  beforeEach(async () => {
    const { keyId, privateKey, publicKey } = generateSigningKey();
    const sealing = { signer: new Ed25519Signer(privateKey), publicKeys: { [keyId]: publicKey }, verifyAt: false } as const;
    host = await createTestHost({ database: 'postgresql', options: { audit: { sealing } } });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await host.close();
  });

  it('takes rows that another has sealed while it was reading for what they are, and raises no alarm', async () => {
    const event = { eventType: 'audit.legal-hold-placed', details: { reason: 'none' } } as const;
    await host.run(() => host.get(AuditService).record(event));
    const errors = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    const sealer = host.get(AuditSealer);
    const connection = host.get<PostgresqlDirectConnection>(DIRECT_CONNECTION);
    const { query } = connection;
    const meanwhile: SealResult[] = [];
    jest.spyOn(connection, 'query').mockImplementationOnce((async (sql: string, parameters: readonly unknown[]) => {
      const list = await query(sql, parameters);
      meanwhile.push(await sealer.seal());
      return list;
    }) as typeof query);

    expect(await sealer.seal()).toEqual({ sealed: 0, checkpoints: 0, isBusy: true });

    expect(meanwhile).toEqual([{ sealed: 1, checkpoints: 1, isBusy: false }]);
    expect(errors).not.toHaveBeenCalled();
  });
});
