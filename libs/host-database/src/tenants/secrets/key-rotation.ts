import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { assertWholeOption, HostDatabaseError } from '../../common/index.js';
import { UnitOfWork, violatesUnique } from '../../database/index.js';
import { DB_URL_HASH_UNIQUE, TenantCatalog } from '../tenant-catalog.entity.js';
import { DuplicateTenantDatabaseError } from '../tenants.errors.js';
import { KeyRotationInTransactionError, SecretsNotConfiguredError } from './secrets.errors.js';
import { type SealedAddress, type StoredAddress, TenantAddresses } from './tenant-addresses.js';

/** How far a rotation of keys is, or how it ended. */
export interface KeyRotationProgress {
  /** How many tenants there were to do when it began. */
  readonly total: number;
  /** How many of them have been encrypted anew. */
  readonly rotated: number;
  /** Those that could not be: they stay as they are, and the next rotation tries them again. */
  readonly failed: readonly { readonly tenantId: string; readonly error: Error }[];
}

export interface KeyRotationOptions {
  /** How many tenants are read at once. @default 100 */
  readonly batch?: number;
  /** Told after each batch. */
  readonly onProgress?: (progress: KeyRotationProgress) => void | Promise<void>;
}

/** Encrypts addresses with the current key that are in clear or encrypted with an older one. */
@Injectable()
export class KeyRotation {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly addresses: TenantAddresses,
  ) {}

  async run({ batch = 100, onProgress }: KeyRotationOptions): Promise<KeyRotationProgress> {
    assertWholeOption('batch', batch, 1);
    const prefix = this.addresses.currentPrefix;
    if (prefix === undefined) throw new SecretsNotConfiguredError();
    if (this.unitOfWork.isActive && this.unitOfWork.isInTransaction) throw new KeyRotationInTransactionError();
    const total = await this.count(prefix);
    const failed: { tenantId: string; error: Error }[] = [];
    let rotated = 0;
    let after = '';
    for (;;) {
      const ids = await this.outdated(prefix, { after, batch });
      for (const tenantId of ids) {
        try {
          if (await this.rotate(tenantId, prefix)) rotated++;
        } catch (error) {
          // What is wrong with one tenant keeps no other from its new key; without the database nothing goes on.
          if (!(error instanceof HostDatabaseError)) throw error;
          failed.push({ tenantId, error });
        }
      }
      const last = ids.at(-1);
      if (last === undefined) return { total, rotated, failed };
      after = last;
      await onProgress?.({ total, rotated, failed: [...failed] });
    }
  }

  /** No row is locked while a key provider is asked: who has changed the row meanwhile wins, and it is looked at again. */
  private async rotate(id: string, prefix: string): Promise<boolean> {
    for (;;) {
      const tenant = await this.unitOfWork.run((em) => em.findOne(TenantCatalog, { id }));
      if (tenant?.dbUrl == null || (tenant.dbUrl.startsWith(prefix) && tenant.dbUrlHash != null)) return false;
      const old = { id, dbUrl: tenant.dbUrl };
      if (await this.replace(old, await this.addresses.seal(id, await this.addresses.reveal(old)))) return true;
    }
  }

  private async replace({ id, dbUrl }: StoredAddress, sealed: SealedAddress): Promise<boolean> {
    try {
      return await this.unitOfWork.run(() =>
        this.unitOfWork.transactional(async (em) => {
          const tenant = await em.findOne(TenantCatalog, { id, dbUrl }, { lockMode: LockMode.PESSIMISTIC_WRITE });
          if (tenant) Object.assign(tenant, sealed);
          return tenant !== null;
        }),
      );
    } catch (cause) {
      if (violatesUnique(cause, DB_URL_HASH_UNIQUE)) throw new DuplicateTenantDatabaseError(id, { cause });
      throw cause;
    }
  }

  private async count(prefix: string): Promise<number> {
    const sql = `select count(*) as total from core_tenants where ${OUTDATED}`;
    const [row] = await this.unitOfWork.run((em) => em.execute<{ total: number | string }[]>(sql, [prefix.length, prefix]));
    return Number(row?.total);
  }

  private async outdated(prefix: string, { after, batch }: { after: string; batch: number }): Promise<string[]> {
    const sql = `select id from core_tenants where ${OUTDATED} and id > ? order by id limit ?`;
    const rows = await this.unitOfWork.run((em) => em.execute<{ id: string }[]>(sql, [prefix.length, prefix, after, batch]));
    return rows.map(({ id }) => id);
  }
}

const OUTDATED = 'db_url is not null and (db_url_hash is null or substr(db_url, 1, ?) <> ?)';
