import { Inject, Injectable, Logger } from '@nestjs/common';
import { type ClosingThreads, DATABASE_SETTINGS, type DatabaseSettings, dialectOf } from '../../database/index.js';
import type { SchemaTarget } from '../schema-target.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import { TenantPlaces } from '../tenant-places.js';
import { type TenantPlaceAddress, TenantSchema } from '../tenant-schema.js';
import type { FleetMigrationOptions, FleetPlan } from './fleet.options.js';
import { FleetRunner } from './fleet-runner.js';
import { type MigrationClaim, MigrationLedger, type RunRow, type Settlement } from './ledger/index.js';

interface FleetRunOfProcess {
  readonly run: RunRow;
  readonly target: SchemaTarget;
  readonly plan: FleetPlan;
  readonly runner: string;
  readonly signal: AbortSignal;
  readonly onProgress: FleetMigrationOptions['onProgress'];
}

interface Migrating {
  readonly target: SchemaTarget;
  readonly plan: FleetPlan;
  /** The places of those that are being migrated, whose passwords are kept out of the texts of errors. */
  readonly known: Map<string, TenantPlaceAddress>;
  readonly threads: ClosingThreads | undefined;
}

/** More of them would wait for the same disk. */
const CLOSING_THREADS = 4;

/** Does this process's part of a run: looks at each tenant that it gets, and brings it up to date. */
@Injectable()
export class FleetMigrator {
  private readonly logger = new Logger('TenantMigrations');

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    private readonly schema: TenantSchema,
    private readonly places: TenantPlaces,
    private readonly ledger: MigrationLedger,
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
  ) {}

  /** @returns whether this process has ended the run */
  async run({ run, target, plan, runner: name, signal, onProgress }: FleetRunOfProcess): Promise<boolean> {
    const known = new Map<string, TenantPlaceAddress>();
    const { fleet } = this.options;
    const threads = dialectOf(this.hostSettings.type).closingThreads?.(Math.min(plan.concurrency, CLOSING_THREADS));
    const runner = new FleetRunner({
      ledger: this.ledger,
      plan,
      options: fleet,
      identity: { runId: run.id, runner: name, leaseMs: fleet.leaseMs },
      signal,
      migrate: (claim) => this.migrate(claim, { target, plan, known, threads }).finally(() => known.delete(claim.tenantId)),
      describe: (error, { tenantId }) => this.places.describe(error, known.get(tenantId)),
      onTenant: (tenant, counts) => onProgress?.({ ...counts, runId: run.id, target: run.target, total: run.total, tenant }),
      warn: (message) => this.logger.warn(message),
    });
    try {
      return await runner.run();
    } finally {
      await threads?.end();
    }
  }

  private async migrate(
    { tenantId, status, dbUrl, schemaVersion, schemaDigest }: MigrationClaim,
    { target, plan, known, threads }: Migrating,
  ): Promise<Settlement & { readonly state: 'done' | 'skipped' }> {
    if (status === null) return skipped('The tenant is gone.');
    if (dbUrl === null || !plan.statuses.some((each) => each === status)) return skipped(`The tenant is ${status}.`);
    // Somebody may have entered it since, or another run has had it.
    const state = target.stateOf({ schemaVersion, schemaDigest });
    if (state === 'current' || state === 'ahead') return skipped(`Its tables are at ${schemaVersion} already.`);
    const place = await this.places.reveal(tenantId, dbUrl);
    known.set(tenantId, place);
    return { state: 'done', outcome: await this.schema.applyAt(place, threads) };
  }
}

function skipped(error: string): { readonly state: 'skipped'; readonly error: string } {
  return { state: 'skipped', error };
}
