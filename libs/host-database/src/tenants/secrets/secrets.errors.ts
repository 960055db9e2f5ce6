import { HostDatabaseError } from '../../common/index.js';

/** Secrets were to be written or rotated, and the module has no keys for them. Nothing was written. */
export class SecretsNotConfiguredError extends HostDatabaseError {
  readonly code = 'TENANTS_SECRETS_NOT_CONFIGURED';

  constructor(
    /** Whose address has a password, where it was about one tenant. */
    readonly tenantId?: string,
  ) {
    super(
      (tenantId === undefined
        ? 'There are no keys for secrets.'
        : `The db_url of tenant ${tenantId} would hold a password in clear.`) +
        ' Give HostDatabaseModule the option secrets: { keyId, keys } or { provider }, or use an address without a password.',
    );
  }
}

/** A secret was encrypted with a key that this process does not have. */
export class SecretKeyUnknownError extends HostDatabaseError {
  readonly code = 'TENANTS_SECRET_KEY_UNKNOWN';

  constructor(
    readonly tenantId: string,
    readonly keyId: string,
  ) {
    super(
      `A secret of tenant ${tenantId} was encrypted with the key ${keyId}, which is not among secrets.keys. Keep a former key there ` +
        'until TenantSecrets.rotateKeys() has left none of its secrets.',
    );
  }
}

/** The key provider has failed at a secret. It may be away for a moment, or refuse the key. */
export class SecretKeyProviderError extends HostDatabaseError {
  readonly code = 'TENANTS_SECRET_KEY_PROVIDER_FAILED';

  constructor(
    readonly tenantId: string,
    readonly keyId: string,
    options: ErrorOptions,
  ) {
    super(
      `The key provider did not give the data key of a secret of tenant ${tenantId}, which is wrapped with the key ${keyId}. Try again; ` +
        'if it stays so, read the cause, and see that the provider still has that key.',
      options,
    );
  }
}

/** A secret is not what the library has written for this tenant: it was changed, cut, or is that of another tenant. */
export class SecretTamperedError extends HostDatabaseError {
  readonly code = 'TENANTS_SECRET_TAMPERED';

  constructor(readonly tenantId: string) {
    super(
      `The db_url of tenant ${tenantId} was not written for this tenant by this library and its keys. Find out who changed the row, ` +
        'and restore it from a backup.',
    );
  }
}

/** Why the library does not change the password of a tenant's database user. */
export type PasswordNotRotatableReason =
  | 'not-provisioned'
  | 'no-users'
  | 'no-own-user'
  | 'user-of-the-host'
  | 'administrator'
  | 'other-server';

const REASONS: Readonly<Record<PasswordNotRotatableReason, string>> = {
  'not-provisioned': 'it has no database yet. Provision it first.',
  'no-users': 'its kind of database has no users.',
  'no-own-user': 'its address has no user and password: those of the host are used. Activate it with an address that has some.',
  'user-of-the-host': 'its user is the one of the host database, which would be locked out. Give the tenant a user of its own.',
  administrator: 'its user is the administrator of its server, who would be locked out. Give the tenant a user of its own.',
  'other-server':
    'it is on a server that is not configured. Name that in tenantDatabases.placement.servers, or change the password there, and activate it with the new address.',
};

/** The password of a tenant's database user cannot be rotated by the library. Nothing was changed. */
export class PasswordNotRotatableError extends HostDatabaseError {
  readonly code = 'TENANTS_PASSWORD_NOT_ROTATABLE';

  constructor(
    readonly tenantId: string,
    readonly reason: PasswordNotRotatableReason,
  ) {
    super(`The database password of tenant ${tenantId} cannot be rotated: ${REASONS[reason]}`);
  }
}

/** The password of a tenant on another server than the host's was to be rotated inside a transaction, which cannot span both. */
export class PasswordRotationInTransactionError extends HostDatabaseError {
  readonly code = 'TENANTS_PASSWORD_ROTATION_IN_TRANSACTION';

  constructor(readonly tenantId: string) {
    super(
      `The database password of tenant ${tenantId} cannot be rotated inside transactional(): it lives on another server than the host ` +
        'database, and no transaction spans both. Call it outside.',
    );
  }
}

/** Keys were to be rotated inside a transaction, which would hold the locks of all tenants. Nothing was written. */
export class KeyRotationInTransactionError extends HostDatabaseError {
  readonly code = 'TENANTS_KEY_ROTATION_IN_TRANSACTION';

  constructor() {
    super(
      'rotateKeys() cannot run inside transactional(): it commits batch by batch, so that tenants stay in use. Call it outside.',
    );
  }
}
