const PREFIX = 'enc:v1:';
const BASE64URL = /^[\w-]*$/;

/** An encrypted secret, as it is stored: `enc:v1:<key id>:<wrapped data key>:<iv>:<ciphertext and tag>`. */
export interface SecretEnvelope {
  readonly keyId: string;
  readonly wrappedKey: Uint8Array;
  readonly iv: Uint8Array;
  /** The ciphertext, and after it the tag. */
  readonly sealed: Uint8Array;
}

/** Whether a stored value is, or claims to be, encrypted. No address begins like that. */
export function isEnvelope(stored: string): boolean {
  return stored.startsWith('enc:');
}

/** What every envelope of this key begins with. */
export function envelopePrefix(keyId: string): string {
  return `${PREFIX}${encodeURIComponent(keyId)}:`;
}

export function formatEnvelope({ keyId, wrappedKey, iv, sealed }: SecretEnvelope): string {
  const parts = [wrappedKey, iv, sealed].map((bytes) => Buffer.from(bytes).toString('base64url'));
  return envelopePrefix(keyId) + parts.join(':');
}

/** Returns the parts of an envelope; undefined when it is none. */
export function parseEnvelope(stored: string): SecretEnvelope | undefined {
  if (!stored.startsWith(PREFIX)) return undefined;
  const [keyId, ...texts] = stored.slice(PREFIX.length).split(':');
  if (!keyId || texts.length !== 3 || !texts.every((text) => BASE64URL.test(text))) return undefined;
  const [wrappedKey, iv, sealed] = texts.map((text) => Buffer.from(text, 'base64url'));
  try {
    return { keyId: decodeURIComponent(keyId), wrappedKey: wrappedKey!, iv: iv!, sealed: sealed! };
  } catch {
    return undefined;
  }
}
