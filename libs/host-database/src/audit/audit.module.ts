import { Global, Module } from '@nestjs/common';
import { AuditGuardsCheck } from './audit-guards.check.js';
import { AuditService } from './audit.service.js';
import { AuditCapture, AuditedEntities, ChangeRecorder, HostAuditLogChangeRecorder } from './capture/index.js';
import { AuditCatalogue } from './catalogue/index.js';
import { ClearPersonalData, PersonalData } from './erasure/personal-data.js';
import { AuditRowFactory } from './recording/audit-row.factory.js';
import { DetachedAuditWriter } from './recording/detached-audit-writer.js';
import { sealingExports, sealingProviders } from './sealing-providers.js';

/** What happened: the append-only log. */
@Global()
@Module({
  providers: [
    AuditService,
    AuditCatalogue,
    AuditRowFactory,
    DetachedAuditWriter,
    AuditGuardsCheck,
    AuditCapture,
    AuditedEntities,
    { provide: ChangeRecorder, useClass: HostAuditLogChangeRecorder },
    { provide: PersonalData, useClass: ClearPersonalData },
    ...sealingProviders,
  ],
  exports: [AuditService, AuditCatalogue, AuditCapture, AuditedEntities, ...sealingExports],
})
export class AuditModule {}
