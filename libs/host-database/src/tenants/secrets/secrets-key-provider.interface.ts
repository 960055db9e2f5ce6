/** What a data key is for. */
export interface DataKeyContext {
  readonly keyId: string;
  readonly tenantId: string;
}

/**
 * Keeps the keys of secrets: a KMS or a vault. Each secret is encrypted in this process with a data key of its own, and only that key
 * goes to the provider, to be wrapped with one that never leaves it. What it throws is the cause of a SecretKeyProviderError.
 */
export interface SecretsKeyProvider {
  /** The id of the key that wraps new data keys, at most 255 characters. Asked anew for each secret. */
  readonly keyId: string;
  wrap(dataKey: Uint8Array, context: DataKeyContext): Promise<Uint8Array> | Uint8Array;
  /** Unwraps a data key, also one of a former key. */
  unwrap(wrapped: Uint8Array, context: DataKeyContext): Promise<Uint8Array> | Uint8Array;
}
