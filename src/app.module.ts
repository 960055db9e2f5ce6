import { resolve } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { HostDatabaseModule, type HostDatabaseOptions } from 'nestjs-host-database';
import { AccessGuardModule } from 'nestjs-host-database/access';
import { appPermissions } from './app.permissions.js';
import { DEFAULT_EXPORT_DIRECTORY } from './audit/export-files.js';
import { AuditLogModule } from './audit/audit-log.module.js';
import { AuthModule } from './auth/auth.module.js';
import { RateLimitsModule } from './auth/rate-limits.module.js';
import { HealthController } from './health/health.controller.js';
import { auditedTenantEntities } from './projects/audited-entities.js';
import { ProjectsModule } from './projects/projects.module.js';
import { tenantEntities } from './projects/tenant-entities.js';
import { workspaceEvents } from './workspaces/workspaces.audit-events.js';
import { WorkspacesModule } from './workspaces/workspaces.module.js';

/** What the application is told beside the options of the host database. */
export interface AppOptions {
  /** Where exports wait to be fetched. @default a directory of the machine's temporary files */
  readonly exportDirectory?: string;
  /** The file of the anchor of the log, if it has one: verifications that are asked for compare the log with it. */
  readonly anchorFile?: string;
  /** How often one address may ask, at each route at which something can be guessed. @default 30 */
  readonly guessesPerMinute?: number;
}

/** The application on the host database of these options. */
@Module({})
export class AppModule {
  static register(
    { tenantDatabases, tenantDeletion, audit, access, memberships, ...options }: HostDatabaseOptions = {},
    app: AppOptions = {},
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        HostDatabaseModule.forRoot({
          ...options,
          audit: {
            ...audit,
            events: [workspaceEvents, ...(audit?.events ?? [])],
            tenantEntities: [...auditedTenantEntities, ...(audit?.tenantEntities ?? [])],
          },
          // Named, so that those that have ended are removed.
          access: { ...access, sessions: { ...access?.sessions } },
          memberships: { ...memberships, permissions: { ...memberships?.permissions, ...appPermissions } },
          tenantDatabases: { ...tenantDatabases, entities: tenantEntities },
          tenantDeletion: {
            exportTo: deletedWorkspacesBeside(app.exportDirectory ?? DEFAULT_EXPORT_DIRECTORY),
            ...tenantDeletion,
          },
        }),
        AccessGuardModule,
        RateLimitsModule.register(app),
        AuthModule,
        WorkspacesModule,
        ProjectsModule,
        AuditLogModule.register(app),
      ],
      controllers: [HealthController],
    };
  }
}

/** Not among the exports of the log, which are removed after some days; beside them, where whoever serves and whoever works can write. */
function deletedWorkspacesBeside(exportDirectory: string): string {
  return `${resolve(exportDirectory)}-of-deleted-workspaces`;
}
