import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { decrypt, encrypt, HostDatabaseError } from '../../common/index.js';
import { DATABASE_SETTINGS, type DatabaseSettings, parseDatabaseUrl, withoutPassword } from '../../database/index.js';
import { envelopePrefix, formatEnvelope, isEnvelope, parseEnvelope } from './secret-envelope.js';
import type { DataKeyContext } from './secrets-key-provider.interface.js';
import { SecretKeyProviderError, SecretsNotConfiguredError, SecretTamperedError } from './secrets.errors.js';
import { type ResolvedSecretsOptions, SECRETS_OPTIONS } from './secrets.options.js';

const DATA_KEY_BYTES = 32;
const PURPOSE = 'core_tenants.db_url';
/** How many decrypted addresses a process remembers, so that a KMS is not asked again each second, nor needed for tenants in use. */
const REMEMBERED = 10_000;

/** The row of a tenant that has a database. */
export interface StoredAddress {
  readonly id: string;
  readonly dbUrl: string;
}

/** What the catalogue keeps of an address. */
export interface SealedAddress {
  readonly dbUrl: string;
  readonly dbUrlHash: string;
}

/** The addresses of the tenants' databases: between what the catalogue keeps of them and what opens a connection. */
@Injectable()
export class TenantAddresses {
  readonly #revealed = new Map<string, string>();

  constructor(
    @Inject(SECRETS_OPTIONS) private readonly options: ResolvedSecretsOptions,
    @Inject(DATABASE_SETTINGS) private readonly settings: DatabaseSettings,
  ) {}

  /** The key that encrypts; undefined where there are no keys. */
  get currentKeyId(): string | undefined {
    return this.options.provider?.keyId;
  }

  /**
   * Returns an address as the catalogue keeps it: encrypted for this tenant, or in clear where there are no keys and no password.
   *
   * @throws DatabaseConfigError when it is not of the host's kind of database
   * @throws SecretsNotConfiguredError when there is a password and no key
   * @throws SecretKeyProviderError
   */
  async seal(tenantId: string, address: string): Promise<SealedAddress> {
    const location = this.settings.forTenant(address, {});
    const normalized = location.toAddress(address);
    const dbUrlHash = location.toAddressHash();
    const { provider } = this.options;
    if (!provider) {
      if (hasPassword(normalized)) throw new SecretsNotConfiguredError(tenantId);
      return { dbUrl: normalized, dbUrlHash };
    }
    const { keyId } = provider;
    const dataKey = randomBytes(DATA_KEY_BYTES);
    const context = { keyId, tenantId };
    const wrappedKey = await asked(context, () => provider.wrap(dataKey, context));
    const encrypted = encrypt(Buffer.from(normalized), dataKey, boundTo(context));
    return { dbUrl: formatEnvelope({ keyId, wrappedKey, ...encrypted }), dbUrlHash };
  }

  /**
   * Returns where a tenant's database is, **with its password** if it has one of its own: only for what opens a connection.
   *
   * @throws SecretTamperedError when it was not encrypted for this tenant
   * @throws SecretKeyUnknownError, SecretsNotConfiguredError when the key is not here
   * @throws SecretKeyProviderError
   */
  async reveal({ id, dbUrl }: StoredAddress): Promise<string> {
    if (!isEnvelope(dbUrl)) {
      if (!this.options.acceptClear) throw new SecretTamperedError(id);
      return dbUrl;
    }
    // With the tenant: what was decrypted for one is no answer for another.
    const known = `${id} ${dbUrl}`;
    const address = this.#revealed.get(known) ?? (await this.decrypt(id, dbUrl));
    this.remember(known, address);
    return address;
  }

  /** What each stored address begins with that was encrypted with the current key; nothing where there are no keys. */
  get currentPrefix(): string {
    const { currentKeyId } = this;
    return currentKeyId === undefined ? '' : envelopePrefix(currentKeyId);
  }

  /** Whether a stored address is as {@link seal} would keep it now, as far as the key goes. */
  isCurrent(dbUrl: string): boolean {
    return dbUrl.startsWith(this.currentPrefix);
  }

  /** Returns where a tenant's database is, without its password. @throws what {@link reveal} does */
  async locate(stored: StoredAddress): Promise<string> {
    return withoutPassword(await this.reveal(stored));
  }

  private async decrypt(tenantId: string, stored: string): Promise<string> {
    const { provider } = this.options;
    if (!provider) throw new SecretsNotConfiguredError();
    const envelope = parseEnvelope(stored);
    if (!envelope) throw new SecretTamperedError(tenantId);
    const { keyId, wrappedKey } = envelope;
    const context = { keyId, tenantId };
    const dataKey = await asked(context, () => provider.unwrap(wrappedKey, context));
    const plain = dataKey.length === DATA_KEY_BYTES ? decrypt(envelope, dataKey, boundTo(context)) : undefined;
    if (!plain) throw new SecretTamperedError(tenantId);
    return plain.toString();
  }

  private remember(known: string, address: string): void {
    if (this.#revealed.has(known)) return;
    if (this.#revealed.size >= REMEMBERED) {
      const [oldest = ''] = this.#revealed.keys();
      this.#revealed.delete(oldest);
    }
    this.#revealed.set(known, address);
  }
}

/** @throws SecretKeyProviderError in the place of what is not the library's own */
async function asked<T>({ keyId, tenantId }: DataKeyContext, ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw cause instanceof HostDatabaseError ? cause : new SecretKeyProviderError(tenantId, keyId, { cause });
  }
}

/** What is authenticated with an address. Unambiguous, whatever the texts hold. */
function boundTo({ keyId, tenantId }: DataKeyContext): string {
  return JSON.stringify([PURPOSE, keyId, tenantId]);
}

function hasPassword(address: string): boolean {
  return parseDatabaseUrl(address).password !== undefined;
}
