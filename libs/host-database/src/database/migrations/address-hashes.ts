import { type Configuration, raw, type RawQueryFragment } from '@mikro-orm/core';
import { SqlitePlatform } from '@mikro-orm/sql';
import { DatabaseConfigError } from '../database.errors.js';
import { DatabaseSettings } from '../database-settings.js';

/** A row of the catalogue from before addresses had hashes. */
interface AddressRow {
  readonly id: string;
  readonly db_url: string;
}

/** The statements that give rows of `core_tenants` the hashes of their addresses. All of those are clear. */
export function addressHashUpdates(config: Configuration, rows: readonly unknown[]): RawQueryFragment[] {
  const host = DatabaseSettings.from({
    type: config.getPlatform() instanceof SqlitePlatform ? 'sqlite' : 'postgresql',
    name: config.get('dbName'),
    host: config.get('host'),
    port: config.get('port'),
  });
  return (rows as readonly AddressRow[]).flatMap(({ id, db_url: address }) => {
    const hash = hashOf(host, address);
    return hash === undefined ? [] : [raw('update core_tenants set db_url_hash = ? where id = ?', [hash, id])];
  });
}

function hashOf(host: DatabaseSettings, address: string): string | undefined {
  try {
    return host.forTenant(address, {}).toAddressHash();
  } catch (error) {
    // Somebody has written what no tenant can be reached at. That stops this tenant, not the boot.
    if (error instanceof DatabaseConfigError) return undefined;
    throw error;
  }
}
