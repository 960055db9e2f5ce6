import { Global, Module } from '@nestjs/common';
import { TenantActivation } from './tenant-activation.js';
import { TenantEvents } from './tenants.events.js';
import { TenantsService } from './tenants.service.js';

/** Which tenants are there, and in which state? */
@Global()
@Module({ providers: [TenantsService, TenantEvents, TenantActivation], exports: [TenantsService, TenantEvents] })
export class TenantsModule {}
