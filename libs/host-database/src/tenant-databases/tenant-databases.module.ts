import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import type { EntityDefinition } from '../database/index.js';
import { fleetProviders, TenantMigrations } from './fleet/index.js';
import { getTenantRepositoryToken, TENANT_ENTITY_MANAGER } from './inject-tenant.decorators.js';
import { TenantBindings } from './tenant-bindings.js';
import { TenantConnectionsModule } from './tenant-connections.module.js';
import { TenantDatabases } from './tenant-databases.service.js';
import { TenantJobs } from './tenant-jobs.js';
import { tenantEntityManagerProxy, tenantRepositoryProxy } from './tenant-proxies.js';
import { TenantProvisioning } from './tenant-provisioning.js';
import { TenantStorage } from './tenant-storage.js';

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
      imports: [TenantConnectionsModule.register({ entities })],
      providers: [TenantDatabases, TenantProvisioning, TenantStorage, TenantJobs, ...fleetProviders, ...injectables],
      exports: [TenantDatabases, TenantMigrations, ...injectables],
    };
  }
}
