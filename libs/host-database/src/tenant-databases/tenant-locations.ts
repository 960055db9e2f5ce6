import { Injectable } from '@nestjs/common';
import { withoutPassword } from '../database/index.js';
import { TenantAddresses, TenantDirectory, type TenantRecord } from '../tenants/index.js';
import { TenantLocation } from './lease.js';
import { TenantServers } from './placement/index.js';
import { TenantPasswords } from './tenant-passwords.js';

/** Where a tenant's data is, by what the catalogue said. */
export interface FoundTenant {
  readonly location: TenantLocation;
  readonly record: TenantRecord;
}

/** Opens what the catalogue says of the places of active tenants. */
@Injectable()
export class TenantLocations {
  /** A record does not change, so it is opened once. */
  private readonly opened = new WeakMap<TenantRecord, Promise<TenantLocation>>();

  constructor(
    private readonly directory: TenantDirectory,
    private readonly addresses: TenantAddresses,
    private readonly passwords: TenantPasswords,
    private readonly servers: TenantServers,
  ) {}

  /**
   * Finds out where an active tenant is; in a transaction of the host, with what that has written.
   *
   * @throws TenantNotFoundError, TenantNotActiveError, TenantServerUnknownError, DatabaseUnreachableError
   * @throws SecretTamperedError, SecretKeyUnknownError, SecretKeyProviderError, SecretsNotConfiguredError
   */
  async find(tenantId: string): Promise<FoundTenant> {
    const record = await this.directory.getById(tenantId);
    const dbUrl = record.assertActive();
    // What its server is called now decides; where it is not configured any more, nobody knows whose credentials to use.
    if (record.server !== null) this.servers.named(record.server, tenantId);
    let location = this.opened.get(record);
    if (!location) {
      location = this.open(tenantId, dbUrl);
      this.opened.set(record, location);
      // A key that could not be had now may be there the next time.
      location.catch(() => this.opened.delete(record));
    }
    return { location: await location, record };
  }

  private async open(id: string, dbUrl: string): Promise<TenantLocation> {
    const address = await this.addresses.reveal({ id, dbUrl });
    return new TenantLocation(id, withoutPassword(address), this.passwords.of(id, address));
  }
}
