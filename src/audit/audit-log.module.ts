import { type DynamicModule, Module } from '@nestjs/common';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { AuditExportJob } from './audit-export.job.js';
import { AuditExportsController } from './audit-exports.controller.js';
import { AuditExportsService } from './audit-exports.service.js';
import { AuditLogController } from './audit-log.controller.js';
import { AuditLogService } from './audit-log.service.js';
import { DEFAULT_EXPORT_DIRECTORY, ExportFiles } from './export-files.js';

/** What has happened in a workspace? */
@Module({})
export class AuditLogModule {
  /** @param exportDirectory where exports wait to be fetched; the same one for the processes that serve and those that work */
  static register(exportDirectory = DEFAULT_EXPORT_DIRECTORY): DynamicModule {
    return {
      module: AuditLogModule,
      imports: [WorkspacesModule],
      controllers: [AuditLogController, AuditExportsController],
      providers: [
        AuditLogService,
        AuditExportsService,
        AuditExportJob,
        { provide: ExportFiles, useFactory: () => new ExportFiles(exportDirectory) },
      ],
    };
  }
}
