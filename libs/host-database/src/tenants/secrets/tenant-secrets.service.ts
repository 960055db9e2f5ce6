import { Injectable } from '@nestjs/common';
import { KeyRotation, type KeyRotationOptions, type KeyRotationProgress } from './key-rotation.js';
import { PasswordRotation } from './password-rotation.js';

/** The secrets of the catalogue, and their rotation while tenants are in use. */
@Injectable()
export class TenantSecrets {
  constructor(
    private readonly keys: KeyRotation,
    private readonly passwords: PasswordRotation,
  ) {}

  /**
   * Encrypts every address with the current key that is in clear or encrypted with an older one, batch by batch, each committed at once:
   * those of the catalogue, of the warm pool, and of tenants that are being provisioned.
   * Runs while tenants are entered: their connections stay open. Can be repeated, and run in several processes; one that died is taken
   * up by calling it again. Afterwards, unless some `failed`, the older keys can be removed from every process.
   * The audit log has `tenants.keys-rotated`, and an `audit.capture-bypassed` for each batch instead of a record for each row.
   *
   * @throws SecretsNotConfiguredError, KeyRotationInTransactionError
   */
  async rotateKeys(options: KeyRotationOptions = {}): Promise<KeyRotationProgress> {
    return this.keys.run(options);
  }

  /**
   * Gives the tenant's own database user a new random password, on the server and in the catalogue in one transaction, that of the
   * caller if one is open. Connections that are open go on; a process that opens one with the old password is refused by the server,
   * reads the catalogue again and connects with the new one, which nobody notices. The user must be that of this tenant alone, and the
   * host's user must be allowed to alter it. The audit log has `tenants.database-password-rotated`.
   *
   * On another server of `tenantDatabases.placement` the change there is committed right after that of the catalogue. Should it fail in
   * between, this throws, new connections are refused, and calling it again mends that.
   *
   * @throws NoUnitOfWorkError, TenantNotFoundError
   * @throws PasswordNotRotatableError when the tenant has no user of its own, or lives on a server that is not configured
   * @throws PasswordRotationInTransactionError when the caller has a transaction open and the tenant lives on another server
   * @throws SecretsNotConfiguredError, SecretKeyUnknownError, SecretTamperedError
   */
  async rotateDatabasePassword(tenantId: string): Promise<void> {
    await this.passwords.run(tenantId);
  }
}
