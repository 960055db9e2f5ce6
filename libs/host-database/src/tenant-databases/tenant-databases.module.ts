import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import type { EntityDefinition } from '../database/index.js';
import { TenantAuditCapture, TenantAuditRelay, tenantAuditRelayJobs } from './audit-outbox/index.js';
import { fleetProviders, TenantMigrations } from './fleet/index.js';
import { getTenantRepositoryToken, TENANT_ENTITY_MANAGER } from './inject-tenant.decorators.js';
import {
  PlaceGuard,
  TenantDeletion,
  TenantDeletionJobs,
  TenantDeletionSweep,
  TenantExports,
  TenantPlacesOfDeleted,
  TenantPurge,
} from './deletion/index.js';
import { OpenHostCheck, PlacingConditions, TenantPlacement, TenantUsers } from './placement/index.js';
import { provisioningProviders, TenantProvisionings } from './provisioning/index.js';
import { TenantBindings } from './tenant-bindings.js';
import { TenantConnectionsModule } from './tenant-connections.module.js';
import { TenantDatabases } from './tenant-databases.service.js';
import { TenantJobs } from './tenant-jobs.js';
import { tenantEntityManagerProxy, tenantRepositoryProxy } from './tenant-proxies.js';
import { TenantKeys } from './tenant-keys.js';
import { TenantStorage } from './tenant-storage.js';
import { warmPoolProviders } from './warm-pool/index.js';

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
    const deletion: Provider[] = [
      TenantDeletion,
      TenantPurge,
      TenantExports,
      TenantPlacesOfDeleted,
      PlaceGuard,
      TenantDeletionJobs,
    ];
    return {
      module: TenantDatabasesModule,
      imports: [DiscoveryModule, TenantConnectionsModule.register({ entities })],
      providers: [
        TenantDatabases,
        TenantKeys,
        TenantStorage,
        TenantPlacement,
        PlacingConditions,
        OpenHostCheck,
        TenantUsers,
        TenantJobs,
        TenantAuditCapture,
        TenantAuditRelay,
        tenantAuditRelayJobs,
        ...provisioningProviders,
        ...warmPoolProviders,
        ...fleetProviders,
        ...deletion,
        ...(entities.length > 0 ? [TenantDeletionSweep] : []),
        ...injectables,
      ],
      exports: [
        TenantDatabases,
        TenantKeys,
        TenantProvisionings,
        TenantMigrations,
        TenantDeletion,
        TenantStorage,
        TenantPlacement,
        TenantUsers,
        TenantAuditCapture,
        TenantAuditRelay,
        ...injectables,
      ],
    };
  }
}
