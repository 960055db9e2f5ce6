import type { KeyObject } from 'node:crypto';
import { InvalidOptionError } from '../../common/index.js';
import { LocalKeys } from './local-keys.js';
import type { SecretsKeyProvider } from './secrets-key-provider.interface.js';

interface SecretsPolicy {
  /**
   * Whether an address that is stored in clear is still used. Turn it off once `TenantSecrets.rotateKeys()` has encrypted them all:
   * then nobody who can write the catalogue but has no key can send a tenant to another database.
   *
   * @default true
   */
  readonly acceptClear?: boolean;
}

/** Keys from the configuration. */
export interface LocalSecretsOptions extends SecretsPolicy {
  /** The id of the key that encrypts new secrets. */
  readonly keyId: string;
  /** 32 bytes each, by their ids: the current one and those that still decrypt older secrets. */
  readonly keys: Readonly<Record<string, KeyObject | Uint8Array>>;
  readonly provider?: never;
}

/** Keys of a KMS or vault. */
export interface ExternalSecretsOptions extends SecretsPolicy {
  readonly provider: SecretsKeyProvider;
}

/** With which keys the addresses of tenants are encrypted at rest. */
export type SecretsOptions = LocalSecretsOptions | ExternalSecretsOptions;

/** The options with their defaults. */
export interface ResolvedSecretsOptions {
  /** Undefined where nothing is encrypted. */
  readonly provider: SecretsKeyProvider | undefined;
  readonly acceptClear: boolean;
}

/** Injection token of the {@link ResolvedSecretsOptions}. */
export const SECRETS_OPTIONS = Symbol('nestjs-host-database:secrets-options');

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveSecretsOptions(given: SecretsOptions | undefined): ResolvedSecretsOptions {
  if (!given) return { provider: undefined, acceptClear: true };
  const { acceptClear = true } = given;
  if (given.provider === undefined) return { provider: LocalKeys.from(given), acceptClear };
  const { keyId } = given.provider;
  if (typeof keyId !== 'string' || keyId.length === 0 || keyId.length > 255) {
    throw new InvalidOptionError('secrets.provider', 'has no keyId. Name the key in 1 to 255 characters.');
  }
  return { provider: given.provider, acceptClear };
}
