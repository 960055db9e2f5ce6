import { MikroORM } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { parseDatabaseUrl, type PasswordSource, passwordSource } from '../database/index.js';
import { TenantAddresses, TenantCatalog } from '../tenants/index.js';

/** The passwords of the tenants' own database users. */
@Injectable()
export class TenantPasswords {
  constructor(
    private readonly hostOrm: MikroORM,
    private readonly addresses: TenantAddresses,
  ) {}

  /**
   * What opens connections to this address of a tenant: with its password as long as the server takes it, and then with what the
   * catalogue has. Undefined where the address has none.
   */
  of(tenantId: string, address: string): PasswordSource | undefined {
    const { user, password } = parseDatabaseUrl(address);
    return user === undefined || password === undefined ? undefined : passwordSource(password, () => this.read(tenantId, user));
  }

  /** Reads what is committed: the server knows no other, also while somebody's transaction is about to change it. */
  private async read(tenantId: string, user: string): Promise<string | undefined> {
    const em = this.hostOrm.em.fork({ disableContextResolution: true });
    const tenant = await em.findOne(TenantCatalog, { id: tenantId }, { disableIdentityMap: true });
    if (tenant?.dbUrl == null) return undefined;
    const now = parseDatabaseUrl(await this.addresses.reveal({ id: tenantId, dbUrl: tenant.dbUrl }));
    // That of another user would lead to nothing: the tenant is opened anew where its address has changed.
    return now.user === user ? now.password : undefined;
  }
}
