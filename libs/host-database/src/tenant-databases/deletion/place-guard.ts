import { Inject, Injectable } from '@nestjs/common';
import { DATABASE_SETTINGS, type DatabaseSettings, UnitOfWork } from '../../database/index.js';
import { TenantCatalog } from '../../tenants/index.js';
import { TenantServers } from '../placement/index.js';
import { TenantPlaceIsHostError, TenantPlaceIsSharedError } from './deletion.errors.js';

const SCHEMA_OF_TENANT = /^tenant_[0-9a-f]{32}$/;
/** How many addresses one statement asks about. */
const HASHES_AT_ONCE = 1_000;

/** Tells whether what is at the address of a tenant is its own to remove. Who has written the address may have left the schema out. */
@Injectable()
export class PlaceGuard {
  constructor(
    @Inject(DATABASE_SETTINGS) private readonly host: DatabaseSettings,
    private readonly servers: TenantServers,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Looks on the server itself, which may be known by more than one name.
   *
   * @throws TenantPlaceIsHostError where a host database has its tables there
   * @throws TenantPlaceIsSharedError where it is a whole database, and that in which tenants have schemas
   * @throws DatabaseUnreachableError
   */
  async assertOwn(tenantId: string, address: string): Promise<void> {
    const server = this.servers.at(address);
    const place = this.host.forTenant(address, {});
    const { name, schema } = place;
    const schemas = (await server?.administration.schemasIn?.(place)) ?? [];
    const touched = schemas.filter((each) => schema === undefined || each.name === schema);
    if (touched.some(({ isHost }) => isHost)) throw new TenantPlaceIsHostError(tenantId);
    if (schema !== undefined || schemas.length === 0) return;
    const names = schemas.map((each) => each.name);
    const isForeign = (each: string) => SCHEMA_OF_TENANT.test(each) && each !== `tenant_${tenantId}`;
    const isShared = name === server?.schemaDatabase || names.some(isForeign) || (await this.haveTenants(tenantId, place, names));
    if (isShared) throw new TenantPlaceIsSharedError(tenantId, name);
  }

  /** Whether other tenants live in schemas whose names an application has chosen. */
  private async haveTenants(tenantId: string, place: DatabaseSettings, schemas: readonly string[]): Promise<boolean> {
    const hashes = schemas.map((schema) => place.with({ name: place.name, schema }).toAddressHash());
    for (let from = 0; from < hashes.length; from += HASHES_AT_ONCE) {
      const dbUrlHash = { $in: hashes.slice(from, from + HASHES_AT_ONCE) };
      if ((await this.unitOfWork.em.count(TenantCatalog, { dbUrlHash, id: { $ne: tenantId } })) > 0) return true;
    }
    return false;
  }
}
