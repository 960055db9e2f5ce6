import { Inject, Injectable } from '@nestjs/common';
import { decrypt, encrypt, splitTag } from '../../common/index.js';
import { AUDIT_OPTIONS, type AuditEncryptionOptions, type AuditOptions } from '../audit.options.js';
import { AuditKeyUnavailableError, ErasureNotConfiguredError } from './erasure.errors.js';

const VERSION = 'v1';

/**
 * Wraps the keys of persons with one that the database does not have, as `v1.<key id>.<iv>.<ciphertext>.<tag>` in base64url. The person
 * is part of what is authenticated: a key that was copied to another's row does not open there.
 */
@Injectable()
export class KeyWrapping {
  constructor(@Inject(AUDIT_OPTIONS) private readonly options: AuditOptions) {}

  /** The id of the key that wraps new keys. */
  get currentKeyId(): string {
    return this.encryption.keyId;
  }

  wrap(key: Uint8Array, subjectId: string): string {
    const { keyId, keys } = this.encryption;
    const { iv, sealed } = encrypt(key, keys[keyId]!, subjectId);
    const { ciphertext, tag } = splitTag(sealed);
    return [VERSION, keyId, ...[iv, ciphertext, tag].map((part) => part.toString('base64url'))].join('.');
  }

  /** @throws AuditKeyUnavailableError */
  unwrap(wrapped: string, subjectId: string): Buffer {
    const keyId = this.keyIdOf(wrapped);
    const { keys } = this.encryption;
    if (!Object.hasOwn(keys, keyId)) throw new AuditKeyUnavailableError(keyId);
    const [iv, ciphertext, tag] = wrapped
      .split('.')
      .slice(-3)
      .map((part) => Buffer.from(part, 'base64url'));
    const key = decrypt({ iv: iv!, sealed: Buffer.concat([ciphertext!, tag!]) }, keys[keyId]!, subjectId);
    if (!key) throw new AuditKeyUnavailableError(keyId);
    return key;
  }

  /** The id of the key that has wrapped this one. It may have dots in it. */
  keyIdOf(wrapped: string): string {
    return wrapped.split('.').slice(1, -3).join('.');
  }

  private get encryption(): AuditEncryptionOptions {
    const { encryption } = this.options;
    if (!encryption) throw new ErasureNotConfiguredError();
    return encryption;
  }
}
