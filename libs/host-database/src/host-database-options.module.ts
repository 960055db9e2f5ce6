import { Global, Module } from '@nestjs/common';
import { DATABASE_OPTIONS, type DatabaseModuleOptions, databaseOptionsFromEnv } from './database/index.js';
import { ConfigurableModuleClass, HOST_DATABASE_OPTIONS } from './host-database.module-definition.js';
import type { HostDatabaseOptions } from './host-database.options.js';
import { ACCESS_OPTIONS, resolveAccessOptions } from './access/index.js';
import { AUDIT_OPTIONS, resolveAuditOptions } from './audit/index.js';
import { BILLING_OPTIONS, resolveBillingOptions } from './billing/index.js';
import { JOBS_OPTIONS, resolveJobsOptions } from './jobs/index.js';
import { MEMBERSHIPS_OPTIONS, resolveMembershipsOptions } from './memberships/index.js';
import { resolveTenantDatabasesOptions, TENANT_DATABASES_OPTIONS } from './tenant-databases/index.js';
import {
  resolveSecretsOptions,
  resolveTenantDirectoryOptions,
  resolveTenantDomainsOptions,
  SECRETS_OPTIONS,
  TENANT_DIRECTORY_OPTIONS,
  TENANT_DOMAINS_OPTIONS,
  resolveTenantDeletionOptions,
  TENANT_DELETION_OPTIONS,
} from './tenants/index.js';
import { resolveUsersOptions, USERS_OPTIONS } from './users/index.js';

/** Hands each room its own options, with their defaults. */
@Global()
@Module({
  providers: [
    {
      provide: DATABASE_OPTIONS,
      // All others first: a wrong option stops the boot before anything connects, migrates, or makes a database.
      inject: [
        HOST_DATABASE_OPTIONS,
        JOBS_OPTIONS,
        AUDIT_OPTIONS,
        TENANT_DATABASES_OPTIONS,
        TENANT_DIRECTORY_OPTIONS,
        TENANT_DOMAINS_OPTIONS,
        SECRETS_OPTIONS,
        TENANT_DELETION_OPTIONS,
        BILLING_OPTIONS,
      ],
      useFactory: ({ database, migrate }: HostDatabaseOptions): DatabaseModuleOptions => ({
        database: database ?? databaseOptionsFromEnv(),
        migrate: migrate ?? 'on-boot',
      }),
    },
    {
      provide: JOBS_OPTIONS,
      inject: [HOST_DATABASE_OPTIONS],
      useFactory: ({ jobs }: HostDatabaseOptions) => resolveJobsOptions(jobs),
    },
    {
      provide: AUDIT_OPTIONS,
      inject: [HOST_DATABASE_OPTIONS],
      useFactory: ({ audit }: HostDatabaseOptions) => resolveAuditOptions(audit),
    },
    {
      provide: TENANT_DATABASES_OPTIONS,
      inject: [HOST_DATABASE_OPTIONS],
      useFactory: ({ tenantDatabases }: HostDatabaseOptions) => resolveTenantDatabasesOptions(tenantDatabases),
    },
    {
      provide: TENANT_DIRECTORY_OPTIONS,
      inject: [HOST_DATABASE_OPTIONS],
      useFactory: ({ tenantDirectory, tenantDatabases, jobs }: HostDatabaseOptions) =>
        resolveTenantDirectoryOptions(tenantDirectory, {
          catalogTtlMs: resolveTenantDatabasesOptions(tenantDatabases).catalogTtlMs,
          notifications: resolveJobsOptions(jobs).notifications,
        }),
    },
    {
      provide: TENANT_DOMAINS_OPTIONS,
      inject: [HOST_DATABASE_OPTIONS],
      useFactory: ({ tenantDomains }: HostDatabaseOptions) => resolveTenantDomainsOptions(tenantDomains),
    },
    {
      provide: SECRETS_OPTIONS,
      inject: [HOST_DATABASE_OPTIONS],
      useFactory: ({ secrets }: HostDatabaseOptions) => resolveSecretsOptions(secrets),
    },
    {
      provide: TENANT_DELETION_OPTIONS,
      inject: [HOST_DATABASE_OPTIONS],
      useFactory: ({ tenantDeletion }: HostDatabaseOptions) => resolveTenantDeletionOptions(tenantDeletion),
    },
    {
      provide: USERS_OPTIONS,
      inject: [HOST_DATABASE_OPTIONS],
      useFactory: ({ users }: HostDatabaseOptions) => resolveUsersOptions(users),
    },
    {
      provide: MEMBERSHIPS_OPTIONS,
      inject: [HOST_DATABASE_OPTIONS],
      useFactory: ({ memberships }: HostDatabaseOptions) => resolveMembershipsOptions(memberships),
    },
    {
      provide: BILLING_OPTIONS,
      inject: [HOST_DATABASE_OPTIONS],
      useFactory: ({ billing }: HostDatabaseOptions) => resolveBillingOptions(billing),
    },
    {
      provide: ACCESS_OPTIONS,
      inject: [HOST_DATABASE_OPTIONS],
      useFactory: ({ access }: HostDatabaseOptions) => resolveAccessOptions(access),
    },
  ],
  exports: [
    DATABASE_OPTIONS,
    JOBS_OPTIONS,
    AUDIT_OPTIONS,
    TENANT_DATABASES_OPTIONS,
    TENANT_DIRECTORY_OPTIONS,
    TENANT_DOMAINS_OPTIONS,
    SECRETS_OPTIONS,
    TENANT_DELETION_OPTIONS,
    USERS_OPTIONS,
    MEMBERSHIPS_OPTIONS,
    BILLING_OPTIONS,
    ACCESS_OPTIONS,
  ],
})
export class HostDatabaseOptionsModule extends ConfigurableModuleClass {}
