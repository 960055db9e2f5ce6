import { Global, Module } from '@nestjs/common';
import { AuditGuardsCheck } from './audit-guards.check.js';
import { AuditService } from './audit.service.js';
import { AuditCapture, AuditedEntities, ChangeRecorder, HostAuditLogChangeRecorder } from './capture/index.js';
import { AuditCatalogue } from './catalogue/index.js';
import { AuditEncryption, AuditErasure, erasureProviders, PersonalData } from './erasure/index.js';
import { AuditRowFactory } from './recording/audit-row.factory.js';
import { DeferredRowLimits } from './recording/deferred-row-limits.js';
import { DeferredAuditRows } from './recording/deferred-rows.js';
import { AuditExporter, AuditFeed, AuditReader, readingProviders } from './reading/index.js';
import { AuditRowWriter } from './recording/audit-row.writer.js';
import { sealingExports, sealingProviders } from './sealing-providers.js';
import { AuditLegalHolds, AuditRetention, retentionProviders } from './retention/index.js';

/** What happened: the append-only log. */
@Global()
@Module({
  providers: [
    AuditService,
    AuditCatalogue,
    AuditRowFactory,
    AuditRowWriter,
    DeferredAuditRows,
    DeferredRowLimits,
    AuditGuardsCheck,
    AuditCapture,
    AuditedEntities,
    { provide: ChangeRecorder, useClass: HostAuditLogChangeRecorder },
    ...erasureProviders,
    ...readingProviders,
    ...retentionProviders,
    ...sealingProviders,
  ],
  exports: [
    AuditService,
    AuditCatalogue,
    AuditCapture,
    AuditedEntities,
    DeferredAuditRows,
    PersonalData,
    AuditErasure,
    AuditEncryption,
    AuditRetention,
    AuditLegalHolds,
    AuditReader,
    AuditExporter,
    AuditFeed,
    ...sealingExports,
  ],
})
export class AuditModule {}
