import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type CheckpointCopy, readCheckpointBody } from './checkpoint.js';
import { InvalidSigningKeyError } from './integrity.errors.js';

/** Public keys in PEM (SPKI) by the id of each. Keys that are no longer used stay in it, for what they signed. */
export type PublicKeyMap = Readonly<Record<string, string>>;

/** What a signature is worth. */
export type SignatureVerdict = 'valid' | 'wrong' | 'unknown-key';

/** Public keys, read once for many signatures. */
export class PublicKeys {
  private readonly keys: ReadonlyMap<string, KeyObject>;

  /** @throws InvalidSigningKeyError if one is not an Ed25519 key in PEM */
  constructor(pems: PublicKeyMap) {
    this.keys = new Map(Object.entries(pems).map(([keyId, pem]) => [keyId, readKey(keyId, pem)]));
  }

  /** Judges the signature of a checkpoint by the key that its body names. A body that cannot be read has a wrong one. */
  judge({ body, signature }: CheckpointCopy): SignatureVerdict {
    const keyId = readCheckpointBody(body)?.keyId;
    if (keyId === undefined) return 'wrong';
    const key = this.keys.get(keyId);
    if (!key) return 'unknown-key';
    const bytes = Buffer.from(signature, 'base64');
    // Base64 reads more texts than it writes: one signature has one text.
    if (bytes.toString('base64') !== signature) return 'wrong';
    return verify(null, Buffer.from(body), key, bytes) ? 'valid' : 'wrong';
  }
}

/**
 * Judges the signature of one checkpoint.
 *
 * @throws InvalidSigningKeyError if a public key is not an Ed25519 key in PEM
 */
export function verifySignature(checkpoint: CheckpointCopy, publicKeys: PublicKeyMap): SignatureVerdict {
  return new PublicKeys(publicKeys).judge(checkpoint);
}

function readKey(keyId: string, pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new InvalidSigningKeyError(keyId, { cause });
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new InvalidSigningKeyError(keyId);
  return key;
}
