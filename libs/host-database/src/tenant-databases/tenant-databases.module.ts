import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import type { EntityDefinition } from '../database/index.js';
import { EntityOwnership } from './entity-ownership.js';
import { getTenantRepositoryToken, TENANT_ENTITY_MANAGER } from './inject-tenant.decorators.js';
import { TenantBindings } from './tenant-bindings.js';
import { TENANT_ENTITIES } from './tenant-databases.options.js';
import { TenantConnections } from './tenant-connections.js';
import { TenantDatabases } from './tenant-databases.service.js';
import { TenantLocations } from './tenant-locations.js';
import { TenantOrmFactory } from './tenant-orm.factory.js';
import { TenantJobs } from './tenant-jobs.js';
import { tenantEntityManagerProxy, tenantRepositoryProxy } from './tenant-proxies.js';
import { TenantProvisioning } from './tenant-provisioning.js';

/** Where is their data? Routes to each tenant's own database. */
@Global()
@Module({})
export class TenantDatabasesModule {
  static register({ entities }: { readonly entities: readonly EntityDefinition[] }): DynamicModule {
    const injectables: Provider[] = [
      { provide: TENANT_ENTITY_MANAGER, inject: [TenantBindings], useFactory: tenantEntityManagerProxy },
      ...entities.map((entity) => ({
        provide: getTenantRepositoryToken(entity),
        inject: [TenantBindings],
        useFactory: (bindings: TenantBindings) => tenantRepositoryProxy(bindings, entity),
      })),
    ];
    return {
      module: TenantDatabasesModule,
      providers: [
        TenantDatabases,
        TenantBindings,
        TenantConnections,
        TenantLocations,
        TenantOrmFactory,
        TenantProvisioning,
        TenantJobs,
        EntityOwnership,
        { provide: TENANT_ENTITIES, useValue: entities },
        ...injectables,
      ],
      exports: [TenantDatabases, ...injectables],
    };
  }
}
