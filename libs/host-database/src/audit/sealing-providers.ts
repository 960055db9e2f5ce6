import type { FactoryProvider, Provider } from '@nestjs/common';
import { DIRECT_CONNECTION, type DirectConnection } from '../database/index.js';
import { AuditAnchoringService } from './sealing/audit-anchoring.service.js';
import { AuditSealer } from './sealing/audit-sealer.js';
import { AuditSealingRunner } from './sealing/audit-sealing.runner.js';
import { PostgresqlSealingStore } from './sealing/postgresql.sealing-store.js';
import { SealingStore } from './sealing/sealing-store.js';
import { SqliteSealingStore } from './sealing/sqlite.sealing-store.js';
import { AuditVerificationJob } from './verification/audit-verification.job.js';
import { AuditVerifier } from './verification/audit-verifier.service.js';
import { AuditProofs } from './verification/inclusion.js';
import { AuditLogReader } from './verification/log-reader.js';
import { RetentionCutOff } from './verification/retention-cut-off.js';

const sealingStoreProvider: FactoryProvider<SealingStore> = {
  provide: SealingStore,
  inject: [DIRECT_CONNECTION],
  useFactory: (connection: DirectConnection) =>
    connection.type === 'sqlite' ? new SqliteSealingStore(connection) : new PostgresqlSealingStore(connection),
};

/** What applications may inject. */
export const sealingExports = [AuditSealer, AuditAnchoringService, AuditVerifier, AuditProofs] as const;

/** What seals the log, hands checkpoints to anchors, and verifies. */
export const sealingProviders: readonly Provider[] = [
  ...sealingExports,
  AuditSealingRunner,
  AuditVerificationJob,
  AuditLogReader,
  RetentionCutOff,
  sealingStoreProvider,
];
