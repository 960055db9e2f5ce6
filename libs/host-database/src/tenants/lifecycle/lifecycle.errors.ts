import { HostDatabaseError } from '../../common/index.js';

/** The time in which a tenant could be restored is over. Nothing was written. */
export class TenantDeletionDueError extends HostDatabaseError {
  readonly code = 'TENANTS_DELETION_DUE';

  constructor(
    readonly tenantId: string,
    /** Since when it cannot be restored any more. */
    readonly deleteAfter: Date | undefined,
  ) {
    const since = deleteAfter ? ` since ${deleteAfter.toISOString()}` : '';
    super(`Tenant ${tenantId} cannot be restored${since}: its data is being removed, or gone. Create another tenant.`);
  }
}

/** An export was asked for, and there is no place for it. Nothing was written. */
export class TenantExportNotConfiguredError extends HostDatabaseError {
  readonly code = 'TENANTS_EXPORT_NOT_CONFIGURED';

  constructor(readonly tenantId: string) {
    super(
      `The data of tenant ${tenantId} cannot be exported: there is no place for it. Pass tenantDeletion.exportTo to the module, or ` +
        'delete the tenant without an export.',
    );
  }
}

/** The database lets the lives of tenants be changed past the rules. Stops the boot. */
export class TenantGuardsMissingError extends HostDatabaseError {
  readonly code = 'TENANTS_GUARDS_MISSING';

  constructor(
    /** The triggers that are missing, switched off or not those of this version. */
    readonly guards: readonly string[],
  ) {
    super(
      `The statuses of tenants are not protected; missing, or not as this version has written them: ${guards.join(', ')}. Make the ` +
        'triggers anew as the newest migration of core_tenants does.',
    );
  }
}
