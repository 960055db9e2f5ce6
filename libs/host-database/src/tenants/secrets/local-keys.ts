import { createSecretKey, type KeyObject } from 'node:crypto';
import { decrypt, encrypt, InvalidOptionError } from '../../common/index.js';
import { SecretKeyUnknownError, SecretTamperedError } from './secrets.errors.js';
import type { DataKeyContext, SecretsKeyProvider } from './secrets-key-provider.interface.js';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const PURPOSE = 'nestjs-host-database:data-key';

/** The current key's id, and all keys by theirs. */
interface KeyRing {
  readonly keyId: string;
  readonly keys: Readonly<Record<string, KeyObject | Uint8Array>>;
}

/** The keys of the configuration, which wrap data keys with AES-256-GCM. */
export class LocalKeys implements SecretsKeyProvider {
  private constructor(
    readonly keyId: string,
    // Key objects show nothing of themselves, wherever they are printed.
    private readonly keys: ReadonlyMap<string, KeyObject>,
  ) {}

  /** @throws InvalidOptionError naming the option that is wrong */
  static from({ keyId, keys }: KeyRing): LocalKeys {
    const objects = new Map<string, KeyObject>();
    for (const [id, key] of Object.entries(keys)) {
      if (id.length === 0 || id.length > 255)
        throw new InvalidOptionError('secrets.keys', 'has an id that is not of 1 to 255 characters.');
      const object = key instanceof Uint8Array ? createSecretKey(key) : key;
      if (object.type !== 'secret' || object.symmetricKeySize !== KEY_BYTES) {
        throw new InvalidOptionError(
          `secrets.keys.${id}`,
          `is not a key of ${KEY_BYTES} bytes. Make one with randomBytes(${KEY_BYTES}).`,
        );
      }
      objects.set(id, object);
    }
    if (!objects.has(keyId))
      throw new InvalidOptionError('secrets.keyId', 'names none of secrets.keys. Add that key, or name another.');
    return new LocalKeys(keyId, objects);
  }

  wrap(dataKey: Uint8Array, context: DataKeyContext): Uint8Array {
    const { iv, sealed } = encrypt(dataKey, this.key(context), boundTo(context));
    return Buffer.concat([iv, sealed]);
  }

  /** @throws SecretKeyUnknownError, SecretTamperedError */
  unwrap(wrapped: Uint8Array, context: DataKeyContext): Uint8Array {
    const parts = { iv: wrapped.subarray(0, IV_BYTES), sealed: wrapped.subarray(IV_BYTES) };
    const dataKey = decrypt(parts, this.key(context), boundTo(context));
    if (!dataKey) throw new SecretTamperedError(context.tenantId);
    return dataKey;
  }

  private key({ keyId, tenantId }: DataKeyContext): KeyObject {
    const key = this.keys.get(keyId);
    if (!key) throw new SecretKeyUnknownError(tenantId, keyId);
    return key;
  }
}

/** What is authenticated with a data key. Unambiguous, whatever the texts hold. */
function boundTo({ keyId, tenantId }: DataKeyContext): string {
  return JSON.stringify([PURPOSE, keyId, tenantId]);
}
