import { HostDatabaseError } from '../../common/index.js';

/** What was exported of a tenant is not what the tenant has. Nothing was removed. */
export class TenantExportFailedError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_EXPORT_FAILED';

  constructor(
    readonly tenantId: string,
    /** What is wrong, and in which file. */
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(
      `The data of tenant ${tenantId} was not exported: ${problem}. Nothing was removed, and it is tried again; see to ` +
        'tenantDeletion.exportTo.',
      options,
    );
  }
}

/** The address of a tenant leads to the host database. Nothing was removed. */
export class TenantPlaceIsHostError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_PLACE_IS_HOST';

  constructor(readonly tenantId: string) {
    super(
      `Tenant ${tenantId} cannot be deleted: its address is that of the host database. Give it the address that it should have.`,
    );
  }
}

/** The whole database at the address of a tenant is not its own. Nothing was removed. */
export class TenantPlaceIsSharedError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_PLACE_IS_SHARED';

  constructor(
    readonly tenantId: string,
    /** The database. */
    readonly database: string,
  ) {
    super(
      `Tenant ${tenantId} cannot be deleted: its address is the whole database ${database}, and other tenants live there in schemas. Give ` +
        'it the address that it should have, with ?schema=.',
    );
  }
}
