import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import { TenantServers } from './tenant-servers.js';
import { TenantUserPolicy } from './tenant-user-policy.js';

/** What the options say of where new tenants live, and as whom they connect. */
@Injectable()
export class PlacingConditions {
  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    private readonly servers: TenantServers,
    private readonly policy: TenantUserPolicy,
  ) {}

  /** Tells these options from others: a place that was made by others is not what a new tenant is to have. */
  get digest(): string {
    const { placement, userRights } = this.options;
    const takers = this.servers.all.filter(({ acceptsNew }) => acceptsNew).map(({ name }) => name);
    const facts = [placement.mode, takers.toSorted(), this.policy.areOwn ? userRights : 'shared'];
    return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
  }
}
