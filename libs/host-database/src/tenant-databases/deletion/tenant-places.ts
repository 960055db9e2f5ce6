import type { MikroORM } from '@mikro-orm/core';
import { Inject, Injectable } from '@nestjs/common';
import { DATABASE_SETTINGS, type DatabaseSettings, parseDatabaseUrl, withoutPassword } from '../../database/index.js';
import { type DeletionCounts, TENANT_MODES, TenantAddresses, type TenantCatalog } from '../../tenants/index.js';
import { TenantServers, TenantUsers } from '../placement/index.js';
import { TenantPasswords } from '../tenant-passwords.js';
import { TenantOrmFactory } from '../tenant-orm.factory.js';
import { TenantStorage } from '../tenant-storage.js';
import { PlaceGuard } from './place-guard.js';
import { TenantTables } from './tenant-tables.js';
import { TenantPlaceIsHostError } from './deletion.errors.js';

/** What a tenant has outside of the host database. */
export interface TenantPlaces {
  /** The addresses, without credentials, of what there is. */
  readonly storage: readonly string[];
  /** The tenant's own database users. */
  readonly users: readonly string[];
  /** Where the library has no administrator: the application made it, and removes it. */
  readonly elsewhere: readonly string[];
}

/** Finds what a tenant that is to be deleted has on the servers, opens it for the last time, and removes it. */
@Injectable()
export class TenantPlacesOfDeleted {
  constructor(
    @Inject(DATABASE_SETTINGS) private readonly host: DatabaseSettings,
    private readonly addresses: TenantAddresses,
    private readonly servers: TenantServers,
    private readonly storage: TenantStorage,
    private readonly users: TenantUsers,
    private readonly factory: TenantOrmFactory,
    private readonly passwords: TenantPasswords,
    private readonly guard: PlaceGuard,
  ) {}

  /** @throws TenantPlaceIsHostError, TenantPlaceIsSharedError, DatabaseUnreachableError, and what reads an address */
  async find(tenant: TenantCatalog): Promise<TenantPlaces> {
    const address = await this.addressOf(tenant);
    if (address !== undefined) await this.guard.assertOwn(tenant.id, address);
    const storage: string[] = [];
    for (const candidate of this.candidates(tenant.id, address)) {
      if (await this.storage.exists(candidate)) storage.push(candidate);
    }
    if (address === undefined) return { storage, users: [], elsewhere: [] };
    const { user, password } = parseDatabaseUrl(address);
    const isKnown = this.servers.at(address) !== undefined;
    return {
      storage,
      users: isKnown && user !== undefined && password !== undefined ? [user] : [],
      elsewhere: isKnown ? [] : [this.withoutCredentials(address)],
    };
  }

  /** How many rows each table in the tenant's storage has; none where there is no storage of the library's. */
  async countRows(tenant: TenantCatalog, { storage }: TenantPlaces): Promise<DeletionCounts> {
    return storage.length === 0 ? {} : ((await this.open(tenant, (tables) => tables.count())) ?? {});
  }

  /** Runs `work` on the tenant's database, as nobody else can any more; undefined where there is none. */
  async open<T>(tenant: TenantCatalog, work: (tables: TenantTables) => Promise<T>): Promise<T | undefined> {
    return this.withOrm(tenant, (orm) => work(new TenantTables(orm, this.host.type)));
  }

  /** As {@link open}, with the ORM itself. */
  async withOrm<T>(tenant: TenantCatalog, work: (orm: MikroORM) => Promise<T>): Promise<T | undefined> {
    const address = await this.addressOf(tenant);
    if (address === undefined) return undefined;
    if (this.servers.at(address) && !(await this.storage.exists(address))) return undefined;
    const orm = await this.factory.open(tenant.id, withoutPassword(address), { password: this.passwords.of(tenant.id, address) });
    try {
      return await work(orm);
    } finally {
      await orm.close(true);
    }
  }

  /**
   * Removes what there is at these addresses; does nothing where it is gone.
   *
   * @throws TenantPlaceIsHostError, TenantPlaceIsSharedError, DatabaseUnreachableError
   */
  async removeStorage(tenantId: string, addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      // Since it was written down others may have moved in.
      await this.guard.assertOwn(tenantId, address);
      await this.storage.drop(address);
    }
  }

  /** Removes the tenant's own database users, wherever it lives or might have lived. @throws DatabaseUnreachableError */
  async removeUsers(tenant: TenantCatalog): Promise<void> {
    for (const candidate of this.candidates(tenant.id, await this.addressOf(tenant))) await this.users.drop(candidate);
  }

  private async addressOf({ id, dbUrl }: TenantCatalog): Promise<string | undefined> {
    if (dbUrl == null) return undefined;
    const address = await this.addresses.reveal({ id, dbUrl });
    if (this.host.forTenant(address, {}).toAddressHash() === this.host.toAddressHash()) throw new TenantPlaceIsHostError(id);
    return address;
  }

  /** Where it lives; of one without an address, every place that provisioning could have begun to make. */
  private candidates(tenantId: string, address: string | undefined): string[] {
    if (address !== undefined) return this.servers.at(address) ? [this.withoutCredentials(address)] : [];
    const modes = TENANT_MODES.filter((mode) => mode === 'database' || this.host.type === 'postgresql');
    const all = this.servers.all.flatMap((server) => modes.map((mode) => server.addressOf(tenantId, mode)));
    return [...new Set(all)];
  }

  private withoutCredentials(address: string): string {
    return this.host.forTenant(address, {}).toUriWithoutCredentials();
  }
}
