import { HostDatabaseError } from '../../common/index.js';

/** A tenant's tables are older than this application, and `tenantDatabases.outdated` is `refuse`. Nothing was read or written. */
export class TenantOutdatedError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_OUTDATED';

  constructor(
    readonly tenantId: string,
    /** What its tables have; undefined where nobody knows. */
    readonly version: string | undefined,
    /** What this application needs. */
    readonly target: string,
  ) {
    super(
      `The tables of tenant ${tenantId} are at ${version ?? 'an unknown version'}, and this application needs ${target}. Run ` +
        "TenantMigrations.run(), or set tenantDatabases.outdated to 'migrate'; ask again afterwards.",
    );
  }
}

/** A run over the fleet was begun, or waited for, inside a transaction on the host database, which it would wait for. Nothing was done. */
export class FleetInTransactionError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_FLEET_IN_TRANSACTION';

  constructor() {
    super(
      'The fleet cannot be migrated inside transactional(): its ledger is kept beside it. Call run() outside, or enqueue() inside.',
    );
  }
}

/** The ledger has no such run. */
export class MigrationRunNotFoundError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_RUN_NOT_FOUND';

  constructor(readonly runId: string) {
    super(
      `There is no run ${runId} in the ledger of the fleet. Pass the runId of a report; runs that ended long ago are removed.`,
    );
  }
}

/** The job that migrates the fleet has ended, but some tenants failed or the run was stopped. The others are migrated. */
export class FleetMigrationFailedError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_FLEET_FAILED';

  constructor(
    readonly runId: string,
    readonly failed: number,
    readonly stopReason: string | undefined,
  ) {
    const why = stopReason === undefined ? '' : ` and was stopped: ${stopReason}`;
    super(
      `The run ${runId} over the fleet had ${failed} failed tenants${why}. Read TenantMigrations.failed('${runId}'), mend the cause and ` +
        'begin another run.',
    );
  }
}
