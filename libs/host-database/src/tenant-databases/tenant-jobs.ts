import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityDefinition } from '../database/index.js';
import { JobTenantScope } from '../jobs/index.js';
import { TENANT_ENTITIES } from './tenant-databases.options.js';
import { TenantDatabases } from './tenant-databases.service.js';

/** Runs the jobs of a tenant in that tenant's database, where there is something to find: the application has tenant entities. */
@Injectable()
export class TenantJobs implements OnModuleInit {
  constructor(
    private readonly scope: JobTenantScope,
    private readonly tenantDatabases: TenantDatabases,
    @Inject(TENANT_ENTITIES) private readonly entities: readonly EntityDefinition[],
  ) {}

  onModuleInit(): void {
    this.scope.use((tenantId, work) => this.tenantDatabases.run(tenantId, () => work()), this.entities.length > 0);
  }
}
