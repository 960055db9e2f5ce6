import { MikroORM } from '@mikro-orm/core';
import { Inject, Injectable } from '@nestjs/common';
import { DATABASE_SETTINGS, type DatabaseSettings, withoutPassword } from '../database/index.js';
import { TenantAddresses, TenantCatalog, TenantNotActiveError, TenantNotFoundError } from '../tenants/index.js';
import { errorText } from './fleet/error-text.js';
import { TenantPasswords } from './tenant-passwords.js';
import type { TenantPlaceAddress } from './tenant-schema.js';

/** Where the tables of tenants are, whatever their status: for the tools of the library, which enter nobody. */
@Injectable()
export class TenantPlaces {
  constructor(
    private readonly hostOrm: MikroORM,
    private readonly addresses: TenantAddresses,
    private readonly passwords: TenantPasswords,
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
  ) {}

  /** @throws TenantNotFoundError, TenantNotActiveError where it has no database; the errors of secrets */
  async find(tenantId: string): Promise<TenantPlaceAddress> {
    const em = this.hostOrm.em.fork({ disableContextResolution: true });
    const tenant = await em.findOne(TenantCatalog, { id: tenantId }, { disableIdentityMap: true });
    if (!tenant) throw new TenantNotFoundError(tenantId);
    if (tenant.dbUrl == null) throw new TenantNotActiveError(tenantId, tenant.status);
    return this.reveal(tenantId, tenant.dbUrl);
  }

  /** The place that `core_tenants.db_url` tells of. */
  async reveal(tenantId: string, dbUrl: string): Promise<TenantPlaceAddress> {
    const address = await this.addresses.reveal({ id: tenantId, dbUrl });
    return { tenantId, dbUrl: withoutPassword(address), password: this.passwords.of(tenantId, address) };
  }

  /** The text of an error, without the passwords that may be in it. */
  describe(error: unknown, place?: TenantPlaceAddress): string {
    return errorText(error, [this.hostSettings.revealPassword(), place?.password?.()]);
  }
}
