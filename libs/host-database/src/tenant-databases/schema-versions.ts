import { Inject, Injectable } from '@nestjs/common';
import { DIRECT_CONNECTION, type DirectConnection } from '../database/index.js';

const WRITE = `update core_tenants set schema_version = $1, schema_digest = $2 where id = $3`;

/**
 * Writes down which version the tables of tenants have, beside every transaction: it is true whatever becomes of those. The audit log does
 * not tell of it; the ledger of the fleet does.
 */
@Injectable()
export class SchemaVersions {
  constructor(@Inject(DIRECT_CONNECTION) private readonly connection: DirectConnection) {}

  async write(tenantId: string, { version, digest }: { readonly version: string; readonly digest: string }): Promise<void> {
    const { connection } = this;
    if (connection.type === 'postgresql') await connection.query(WRITE, [version, digest, tenantId]);
    else await connection.exclusive((db) => db.prepare(WRITE).run({ 1: version, 2: digest, 3: tenantId }));
  }
}
