import { type DynamicModule, Module } from '@nestjs/common';
import type { EntityDefinition } from '../database/index.js';
import { OutboxRecovery } from './audit-outbox/outbox-recovery.js';
import { TenantChangeCapture } from './audit-outbox/tenant-change-capture.js';
import { EntityOwnership } from './entity-ownership.js';
import { TenantServers, TenantUserPolicy } from './placement/index.js';
import { OutdatedTenants } from './outdated-tenants.js';
import { SchemaVersions } from './schema-versions.js';
import { TenantBindings } from './tenant-bindings.js';
import { TenantConnections } from './tenant-connections.js';
import { TenantCuts } from './tenant-cuts.js';
import { TENANT_ENTITIES } from './tenant-databases.options.js';
import { TenantLocations } from './tenant-locations.js';
import { TenantOrmFactory } from './tenant-orm.factory.js';
import { TenantPasswords } from './tenant-passwords.js';
import { TenantPlaces } from './tenant-places.js';
import { TenantSchema } from './tenant-schema.js';

/**
 * The open databases of the tenants.
 *
 * Not global on purpose: Nest shuts global modules down last, in an order of its own, and the host's ORM among the first of them. Work in
 * the tenants' databases that a shutdown waits for may need the host until it ends.
 */
@Module({})
export class TenantConnectionsModule {
  static register({ entities }: { readonly entities: readonly EntityDefinition[] }): DynamicModule {
    const shared = [
      TenantBindings,
      TenantConnections,
      TenantOrmFactory,
      TenantChangeCapture,
      TenantSchema,
      TenantServers,
      TenantUserPolicy,
      TenantPasswords,
      TenantPlaces,
      { provide: TENANT_ENTITIES, useValue: entities },
    ];
    return {
      module: TenantConnectionsModule,
      providers: [...shared, OutboxRecovery, OutdatedTenants, SchemaVersions, TenantCuts, TenantLocations, EntityOwnership],
      exports: shared,
    };
  }
}
