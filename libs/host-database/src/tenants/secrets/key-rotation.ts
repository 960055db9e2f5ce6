import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { AuditCapture, AuditService } from '../../audit/index.js';
import { assertWholeOption, HostDatabaseError } from '../../common/index.js';
import { UnitOfWork, violatesUnique } from '../../database/index.js';
import { DB_URL_HASH_UNIQUE, TenantCatalog } from '../tenant-catalog.entity.js';
import { DuplicateTenantDatabaseError } from '../tenants.errors.js';
import { type SealedAddressHolder, SealedAddressHolders } from './sealed-address-holders.js';
import { envelopePrefix } from './secret-envelope.js';
import { KeyRotationInTransactionError, SecretsNotConfiguredError } from './secrets.errors.js';
import { type SealedAddress, type StoredAddress, TenantAddresses } from './tenant-addresses.js';

/** How far a rotation of keys is, or how it ended. */
export interface KeyRotationProgress {
  /** How many tenants, and places for tenants to be, there were to do when it began. */
  readonly total: number;
  /** How many of them have been encrypted anew. */
  readonly rotated: number;
  /** Those that could not be: they stay as they are, and the next rotation tries them again. */
  readonly failed: readonly KeyRotationFailure[];
}

interface KeyRotationFailure {
  readonly tenantId: string;
  readonly error: Error;
}

export interface KeyRotationOptions {
  /** How many tenants are read, and written, at once. @default 100 */
  readonly batch?: number;
  /** Told after each batch. */
  readonly onProgress?: (progress: KeyRotationProgress) => void | Promise<void>;
}

/** A row as it was read, and what is to be in its place. */
interface Reencryption {
  readonly old: StoredAddress;
  readonly sealed: SealedAddress;
}

interface Attempt {
  /** Those that are still to be done. */
  readonly skipped: Set<string>;
  readonly failed: KeyRotationFailure[];
  /** Whether it waits for rows that somebody has locked, or leaves them for later. */
  readonly waits: boolean;
}

/** Encrypts addresses with the current key that are in clear or encrypted with an older one. */
@Injectable()
export class KeyRotation {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly addresses: TenantAddresses,
    private readonly holders: SealedAddressHolders,
    private readonly capture: AuditCapture,
    private readonly audit: AuditService,
  ) {}

  async run({ batch = 100, onProgress }: KeyRotationOptions): Promise<KeyRotationProgress> {
    assertWholeOption('batch', batch, 1);
    const keyId = this.addresses.currentKeyId;
    if (keyId === undefined) throw new SecretsNotConfiguredError();
    if (this.unitOfWork.isActive && this.unitOfWork.isInTransaction) throw new KeyRotationInTransactionError();
    const prefix = envelopePrefix(keyId);
    const total = (await this.count(prefix)) + (await this.countHeld());
    const failed: KeyRotationFailure[] = [];
    let rotated = 0;
    let after = '';
    for (;;) {
      const ids = await this.outdated(prefix, { after, batch });
      const last = ids.at(-1);
      if (last === undefined) break;
      rotated += await this.rotate(ids, prefix, failed);
      after = last;
      await onProgress?.({ total, rotated, failed: [...failed] });
    }
    // What has come into the catalogue meanwhile was encrypted for it with the current key.
    for (const holder of this.holders.all) {
      const held = await this.rotateHeld(holder, failed);
      rotated += held.rotated;
      if (held.total > 0) await onProgress?.({ total, rotated, failed: [...failed] });
    }
    if (rotated > 0 || failed.length > 0) {
      const details = { keyId, rotated, failed: failed.length };
      await this.unitOfWork.run(() => this.audit.record({ eventType: 'tenants.keys-rotated', tenantId: null, details }));
    }
    return { total, rotated, failed };
  }

  /** Adds to `failed`. @returns how many of these tenants it has encrypted anew */
  private async rotate(ids: readonly string[], prefix: string, failed: KeyRotationFailure[]): Promise<number> {
    const skipped = new Set(ids);
    let rotated = await this.attempt(ids, prefix, { skipped, failed, waits: false }).catch((error: unknown) => {
      if (violatesUnique(error, DB_URL_HASH_UNIQUE)) return 0;
      throw error;
    });
    // One by one: whoever holds no other row can wait for one that somebody has locked, without a deadlock.
    for (let [id] = skipped; id !== undefined; [id] = skipped) {
      try {
        rotated += await this.attempt([id], prefix, { skipped, failed, waits: true });
      } catch (cause) {
        if (!violatesUnique(cause, DB_URL_HASH_UNIQUE)) throw cause;
        failed.push({ tenantId: id, error: new DuplicateTenantDatabaseError(id, { cause }) });
        skipped.delete(id);
      }
    }
    return rotated;
  }

  /** Takes out of `skipped` what is done, or is not to be tried again. No row is locked while a key provider is asked. */
  private async attempt(ids: readonly string[], prefix: string, { skipped, failed, waits }: Attempt): Promise<number> {
    const changes: Reencryption[] = [];
    const unchanged = new Set(ids);
    for (const old of await this.read(ids, prefix)) {
      try {
        changes.push({ old, sealed: await this.addresses.seal(old.id, await this.addresses.reveal(old)) });
        unchanged.delete(old.id);
      } catch (error) {
        // What is wrong with one tenant keeps no other from its new key; without the database nothing goes on.
        if (!(error instanceof HostDatabaseError)) throw error;
        failed.push({ tenantId: old.id, error });
      }
    }
    for (const id of unchanged) skipped.delete(id);
    const written = await this.write(changes, waits);
    for (const id of written) skipped.delete(id);
    return written.length;
  }

  private async read(ids: readonly string[], prefix: string): Promise<StoredAddress[]> {
    const tenants = await this.unitOfWork.run((em) => em.find(TenantCatalog, { id: { $in: [...ids] } }));
    return tenants.flatMap(({ id, dbUrl, dbUrlHash }) =>
      dbUrl == null || (dbUrl.startsWith(prefix) && dbUrlHash != null) ? [] : [{ id, dbUrl }],
    );
  }

  /**
   * Writes what is still as it was read. That an address is encrypted anew changes nothing that the log could tell of each row: it tells
   * once of all.
   *
   * @returns the ids of the rows that were written
   */
  private async write(changes: readonly Reencryption[], waits: boolean): Promise<string[]> {
    if (changes.length === 0) return [];
    const byId = new Map(changes.map((change) => [change.old.id, change]));
    return this.unitOfWork.run(() =>
      this.capture.allowing('TenantSecrets.rotateKeys()', async (em) => {
        const lockMode = waits ? LockMode.PESSIMISTIC_WRITE : LockMode.PESSIMISTIC_PARTIAL_WRITE;
        const locked = await em.find(TenantCatalog, { id: { $in: [...byId.keys()] } }, { lockMode, disableIdentityMap: true });
        const written: string[] = [];
        for (const { id, dbUrl } of locked) {
          const change = byId.get(id);
          if (!change || dbUrl !== change.old.dbUrl) continue;
          await em.nativeUpdate(TenantCatalog, { id }, change.sealed);
          written.push(id);
        }
        return written;
      }),
    );
  }

  /** Adds to `failed`, as {@link rotate} does. One that was changed meanwhile is not outdated any more. */
  private async rotateHeld(holder: SealedAddressHolder, failed: KeyRotationFailure[]) {
    const outdated = await holder.outdated();
    let rotated = 0;
    for (const old of outdated) {
      try {
        const sealed = await this.addresses.seal(old.id, await this.addresses.reveal(old));
        if (await holder.replace(old, sealed)) rotated++;
      } catch (error) {
        if (!(error instanceof HostDatabaseError)) throw error;
        failed.push({ tenantId: old.id, error });
      }
    }
    return { total: outdated.length, rotated };
  }

  private async countHeld(): Promise<number> {
    const held = await Promise.all(this.holders.all.map((holder) => holder.outdated()));
    return held.flat().length;
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
