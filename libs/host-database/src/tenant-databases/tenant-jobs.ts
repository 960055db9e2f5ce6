import { Inject, Injectable } from '@nestjs/common';
import type { EntityDefinition } from '../database/index.js';
import { JobTenantScope } from '../jobs/index.js';
import { TENANT_ENTITIES } from './tenant-databases.options.js';
import { TenantDatabases } from './tenant-databases.service.js';

/** Runs the jobs of a tenant in that tenant's database, where there is something to find: the application has tenant entities. */
@Injectable()
export class TenantJobs {
  // Not later: handlers are looked at when the modules are initialized.
  constructor(
    scope: JobTenantScope,
    tenantDatabases: TenantDatabases,
    @Inject(TENANT_ENTITIES) entities: readonly EntityDefinition[],
  ) {
    scope.use((tenantId, work) => tenantDatabases.run(tenantId, () => work()), { isChoice: entities.length > 0 });
  }
}
