import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { TenantCatalog } from './tenant-catalog.entity.js';
import { TenantActivation } from './tenant-activation.js';
import { TenantEvents } from './tenants.events.js';
import { TenantsService } from './tenants.service.js';

/** Which tenants are there, and in which state? */
@Global()
@Module({ providers: [TenantsService, TenantEvents, TenantActivation], exports: [TenantsService, TenantEvents] })
export class TenantsModule {
  constructor(audited: AuditedEntities) {
    // The address of a database may hold credentials that the application has put there.
    audited.register(TenantCatalog, { name: 'tenants', secret: ['dbUrl'], tenant: 'id' });
  }
}
