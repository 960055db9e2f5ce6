import { Inject, Injectable, Logger } from '@nestjs/common';
import { DATABASE_SETTINGS, type DatabaseSettings, dialectOf } from '../database/index.js';
import { JobHandler, type JobRun } from '../jobs/index.js';
import { PROVISION_TENANT_JOB, TenantsService } from '../tenants/index.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from './tenant-databases.options.js';
import { TenantOrmFactory } from './tenant-orm.factory.js';
import { TenantSchema } from './tenant-schema.js';
import { TenantStorage } from './tenant-storage.js';

/** Gives a tenant its own database. Every step can be repeated, so that a run that died is taken up by the next. */
@Injectable()
export class TenantProvisioning {
  private readonly logger = new Logger('TenantDatabases');

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly storage: TenantStorage,
    private readonly tenants: TenantsService,
    private readonly factory: TenantOrmFactory,
    private readonly schema: TenantSchema,
  ) {}

  /** Creates the database, its tables, and opens the tenant; a tenant that cannot be provisioned is marked as failed. */
  // Not in the tenant's database: it is what is made here. A run that died is taken up by the next; one that failed says so on the
  // tenant, and is for retryProvisioning() to repeat.
  @JobHandler(PROVISION_TENANT_JOB, { tenantDatabase: false, retry: { shouldRetry: () => false } })
  async provision({ payload: { tenantId } }: JobRun<typeof PROVISION_TENANT_JOB>): Promise<void> {
    const tenant = await this.tenants.getById(tenantId);
    if (tenant.status !== 'provisioning') return;
    try {
      const dialect = dialectOf(this.hostSettings.type);
      const dbUrl = dialect.tenantDatabaseUrl(this.hostSettings, tenantId, this.options.directory);
      await this.storage.create(dbUrl);
      await this.migrate(tenantId, dbUrl);
      await this.tenants.activate(tenantId, dbUrl);
    } catch (error) {
      // The first error is the one to tell; a tenant that could not be marked can be provisioned again all the same.
      await this.tenants.markFailed(tenantId).catch((second: unknown) => {
        this.logger.error(`Tenant ${tenantId} could not be marked as failed: ${String(second)}`);
      });
      throw error;
    }
  }

  private async migrate(tenantId: string, dbUrl: string): Promise<void> {
    const orm = await this.factory.open(tenantId, dbUrl, { create: true });
    try {
      await this.schema.migrate(tenantId, orm);
    } finally {
      await orm.close(true);
    }
  }
}
