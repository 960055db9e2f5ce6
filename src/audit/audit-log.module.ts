import { type DynamicModule, Module } from '@nestjs/common';
import { AuditVerifier } from 'nestjs-host-database/audit';
import { AuthModule } from '../auth/auth.module.js';
import { AuditExportJob } from './audit-export.job.js';
import { AuditExportsController } from './audit-exports.controller.js';
import { AuditExportsService } from './audit-exports.service.js';
import { AuditLogController } from './audit-log.controller.js';
import { AuditLogService } from './audit-log.service.js';
import { AuditVerificationRequestJob } from './audit-verification.job.js';
import { DEFAULT_EXPORT_DIRECTORY, ExportFiles } from './export-files.js';
import { SystemAuditLogController } from './system-audit-log.controller.js';
import { SystemAuditLogService } from './system-audit-log.service.js';

/** Where the files of the module are. */
export interface AuditLogModuleOptions {
  readonly exportDirectory?: string;
  readonly anchorFile?: string;
}

/** What has happened, in a workspace and in all of them? */
@Module({})
export class AuditLogModule {
  /**
   * @param options.exportDirectory where exports wait to be fetched; the same one for the processes that serve and those that work
   * @param options.anchorFile what a verification that is asked for compares the log with
   */
  static register({ exportDirectory = DEFAULT_EXPORT_DIRECTORY, anchorFile }: AuditLogModuleOptions = {}): DynamicModule {
    return {
      module: AuditLogModule,
      imports: [AuthModule],
      controllers: [AuditLogController, AuditExportsController, SystemAuditLogController],
      providers: [
        AuditLogService,
        AuditExportsService,
        AuditExportJob,
        SystemAuditLogService,
        {
          provide: AuditVerificationRequestJob,
          inject: [AuditVerifier],
          useFactory: (verifier: AuditVerifier) => new AuditVerificationRequestJob(verifier, anchorFile),
        },
        { provide: ExportFiles, useFactory: () => new ExportFiles(exportDirectory) },
      ],
    };
  }
}
