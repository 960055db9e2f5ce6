import { Injectable } from '@nestjs/common';
import { TenantBindings } from './tenant-bindings.js';

/** Makes keys that no other tenant has: for caches, locks, rate limits, files. */
@Injectable()
export class TenantKeys {
  constructor(private readonly bindings: TenantBindings) {}

  /**
   * Returns a key of the tenant that is bound here: `tenant:<id>:<part>:<part>`. Different parts make different keys, whatever is in them.
   *
   * @throws NoTenantError where no tenant is bound, TenantRunEndedError after its run(): there is no key without a tenant
   */
  of(...parts: readonly [string | number, ...(readonly (string | number)[])]): string {
    return [`tenant:${this.bindings.openBinding.tenantId}`, ...parts.map((part) => encodeURIComponent(part))].join(':');
  }
}
