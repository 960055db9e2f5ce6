import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { TenantsService } from '../../tenants/index.js';
import { UserEvents } from '../../users/index.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';

/** Makes a tenant for each person who is registered, where that is configured: both are there, or neither. */
@Injectable()
export class PersonalTenants implements OnModuleInit {
  constructor(
    @Inject(ACCESS_OPTIONS) private readonly options: ResolvedAccessOptions,
    private readonly events: UserEvents,
    private readonly tenants: TenantsService,
  ) {}

  onModuleInit(): void {
    const { personalTenant } = this.options.signIn;
    if (!personalTenant) return;
    const { name, planTier } = personalTenant;
    this.events.onRegistered(async ({ user }) => {
      await this.tenants.create({ name: name(user), ownerId: user.id, ...(planTier !== undefined && { planTier }) });
    });
  }
}
