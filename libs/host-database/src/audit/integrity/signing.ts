import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { InvalidSigningKeyError } from './integrity.errors.js';

/** Signs checkpoints with Ed25519. Implement it to keep the private key in a key management service. */
export interface AuditSigner {
  /** Which public key verifies what this one signs; part of what is signed. Another key needs another id. */
  readonly keyId: string;

  /** Returns the 64 bytes of the Ed25519 signature over `bytes`. */
  sign(bytes: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

/** A pair of keys in PEM, and the id that stands for it. */
export interface SigningKey {
  readonly keyId: string;
  /** PKCS #8. Keep it outside of the database. */
  readonly privateKey: string;
  /** SPKI. For whoever verifies. */
  readonly publicKey: string;
}

const KEY_ID_LENGTH = 16;

/** Signs with a private key that the process holds. */
export class Ed25519Signer implements AuditSigner {
  /** The first 16 hex characters of the SHA-256 of the public key (SPKI, DER), unless another one was given. */
  readonly keyId: string;
  // A private field of the language, so that neither a log line nor an inspection shows it.
  readonly #privateKey: KeyObject;

  /** @throws InvalidSigningKeyError if the PEM is not a private Ed25519 key in PKCS #8 */
  constructor(privateKey: string, keyId?: string) {
    try {
      this.#privateKey = createPrivateKey(privateKey);
    } catch (cause) {
      throw new InvalidSigningKeyError('private', { cause });
    }
    if (this.#privateKey.asymmetricKeyType !== 'ed25519') throw new InvalidSigningKeyError('private');
    this.keyId = keyId ?? keyIdOf(createPublicKey(this.#privateKey));
  }

  /** The public key, in PEM (SPKI). */
  get publicKey(): string {
    return createPublicKey(this.#privateKey).export({ type: 'spki', format: 'pem' }).toString();
  }

  sign(bytes: Uint8Array): Buffer {
    return sign(null, bytes, this.#privateKey);
  }
}

/** Makes a new pair of Ed25519 keys. Store the private one as a secret of the deployment, hand out the public one with its id. */
export function generateSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    keyId: keyIdOf(publicKey),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

function keyIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('hex').slice(0, KEY_ID_LENGTH);
}
