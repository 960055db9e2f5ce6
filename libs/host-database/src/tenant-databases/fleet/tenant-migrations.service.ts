import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { genId } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobsService } from '../../jobs/index.js';
import type { TenantStatus } from '../../tenants/index.js';
import type { SchemaState, SchemaTarget } from '../schema-target.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import { TenantSchema } from '../tenant-schema.js';
import { assignWaves } from './canary-waves.js';
import { FleetInTransactionError, MigrationRunNotFoundError } from './fleet.errors.js';
import { FleetMigrator } from './fleet-migrator.js';
import {
  type FleetMigrationOptions,
  type FleetMigrationRequest,
  type FleetPlan,
  MIGRATABLE_STATUSES,
  resolveFleetPlan,
} from './fleet.options.js';
import { FleetPlanner } from './fleet-planner.js';
import { type FleetReport, NO_TENANTS, type TenantMigrationFailure } from './fleet-report.js';
import { MigrationLedger, type OutdatedRow, type RunRow } from './ledger/index.js';

/** The job that migrates the fleet. */
export const MIGRATE_FLEET_JOB = 'tenants.migrate-fleet';

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'tenants.migrate-fleet': FleetMigrationRequest;
  }
}

/** A tenant whose tables are not known to be those of this application. */
export interface OutdatedTenant {
  readonly tenantId: string;
  readonly status: TenantStatus;
  /** What its tables have; undefined where nobody has looked. */
  readonly version: string | undefined;
  readonly state: Exclude<SchemaState, 'current'>;
}

interface Looked {
  readonly runId: string | undefined;
  readonly behind: readonly OutdatedRow[];
  readonly ahead: number;
}

/**
 * Brings the tables of all tenants to the version of this application: many at the same time, each on its own, with a durable ledger.
 *
 * A tenant that the catalogue says is up to date costs nothing: its database is not opened. Processes that begin the same run share its
 * work, and one that is begun again after a crash goes on where it ended.
 */
@Injectable()
export class TenantMigrations implements BeforeApplicationShutdown {
  private readonly logger = new Logger('TenantMigrations');
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<unknown>>();

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    private readonly schema: TenantSchema,
    private readonly ledger: MigrationLedger,
    private readonly migrator: FleetMigrator,
    private readonly planner: FleetPlanner,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly jobs: JobsService,
  ) {}

  /** Begins no more tenants, and waits for those that have begun. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.running);
  }

  /**
   * Migrates every tenant that is behind. A run of the same target and selection that is under way, here or in another process, or that was
   * broken off, is joined: with its canary waves, thresholds and tries, whatever these options say. Resolves when the run has ended, also where
   * another process has done the last of it. Not inside a transaction on the host.
   *
   * A tenant that fails keeps no other from its turn: it is tried again later, then counts as failed, and is in the report. Each one's
   * migrations are a transaction of its own; no host transaction is held meanwhile. The audit log has `tenants.fleet-migrated` at the end.
   *
   * @throws InvalidInputError, InvalidIdError, FleetInTransactionError
   */
  async run(options: FleetMigrationOptions = {}): Promise<FleetReport> {
    if (this.unitOfWork.isActive && this.unitOfWork.transactionEm) throw new FleetInTransactionError();
    const plan = resolveFleetPlan(options, this.options.fleet);
    const running = options.dryRun ? this.plan(plan) : this.migrate(plan, options);
    this.running.add(running);
    return running.finally(() => this.running.delete(running));
  }

  /**
   * Enqueues a run as a job, in the caller's transaction, unless one is there already. It survives the crash of its process; it ends as a dead
   * letter with a `FleetMigrationFailedError` where tenants failed.
   *
   * @returns the id of the job
   * @throws InvalidInputError, InvalidIdError
   */
  async enqueue(request: FleetMigrationRequest = {}): Promise<string> {
    resolveFleetPlan(request, this.options.fleet);
    return (await this.jobs.enqueue(MIGRATE_FLEET_JOB, request, { uniqueKey: 'fleet' })).id;
  }

  /**
   * How a run stands, or the newest; undefined where the ledger has none.
   *
   * @throws MigrationRunNotFoundError when there is none with this id
   */
  async status(runId?: string): Promise<FleetReport | undefined> {
    const run = await this.ledger.find(runId);
    if (!run && runId !== undefined) throw new MigrationRunNotFoundError(runId);
    return run && this.report(run);
  }

  /** The tenants that failed in a run, or in the newest, with why. @throws MigrationRunNotFoundError */
  async failed(runId?: string): Promise<readonly TenantMigrationFailure[]> {
    return (await this.status(runId))?.failures ?? [];
  }

  /** The active, suspended and archived tenants whose tables are not known to be those of this application. Opens no database. */
  async pending(): Promise<OutdatedTenant[]> {
    const target = await this.schema.current();
    const rows = await this.outdated(target, { statuses: MIGRATABLE_STATUSES, ids: undefined }, '');
    return rows.outdated.map((row) => ({
      tenantId: row.id,
      status: row.status as TenantStatus,
      version: row.schemaVersion ?? undefined,
      state: target.stateOf(row) as OutdatedTenant['state'],
    }));
  }

  /** Stops the newest run, in every process: what has begun ends, and the rest stays as it is. @returns whether there was one */
  async stop(reason: string): Promise<boolean> {
    const run = await this.ledger.find();
    return run !== undefined && this.ledger.stop(run.id, reason);
  }

  private async plan(plan: FleetPlan): Promise<FleetReport> {
    const target = await this.schema.current();
    const { behind, ahead } = await this.look(target, plan);
    const planned = await this.planner.plan(behind, target, plan.concurrency);
    return { ...nothingDone(target, ahead), state: 'planned', total: behind.length, pending: behind.length, plan: planned };
  }

  private async migrate(plan: FleetPlan, options: FleetMigrationOptions): Promise<FleetReport> {
    const target = await this.schema.current();
    const { run, ahead } = await this.join(target, plan);
    if (!run) return nothingDone(target, ahead);
    const signals = options.signal ? [options.signal, this.stopping.signal] : [this.stopping.signal];
    const hasEnded = await this.migrator.run({
      run,
      target,
      // What another process has begun, or this one before it died, goes on as it was begun.
      plan: { ...(run.options as FleetPlan), concurrency: plan.concurrency },
      runner: `${hostname().slice(0, 80)}:${process.pid}:${genId().slice(-8)}`,
      signal: AbortSignal.any(signals),
      onProgress: options.onProgress,
    });
    const report = { ...(await this.report(run, run.id)), ahead };
    if (hasEnded) await this.record(report);
    return report;
  }

  /** Finds the live run, or begins it; none where there is nothing to do. */
  private async join(target: SchemaTarget, plan: FleetPlan): Promise<{ run: RunRow | undefined; ahead: number }> {
    const liveKey = liveKeyOf(target, plan);
    for (;;) {
      const { runId, behind, ahead } = await this.look(target, plan);
      if (runId === undefined) {
        if (behind.length === 0) return { run: undefined, ahead };
        const entries = assignWaves(
          behind.map(({ id }) => id),
          plan.waves,
        );
        await this.ledger.begin({
          liveKey,
          target: target.version ?? '',
          options: plan,
          entries,
          olderTargets: target.migrations.slice(0, -1),
          retentionDays: this.options.fleet.retentionDays,
        });
      }
      const run = await this.ledger.join(liveKey);
      // It may have ended meanwhile.
      if (run) return { run, ahead };
    }
  }

  /** The one query of a run that has nothing to do. */
  private async look(target: SchemaTarget, plan: FleetPlan): Promise<Looked> {
    const { runId, outdated } = await this.outdated(target, plan, liveKeyOf(target, plan));
    const behind = outdated.filter((row) => target.stateOf(row) !== 'ahead');
    return { runId, behind, ahead: outdated.length - behind.length };
  }

  private async outdated(
    { version, digest }: SchemaTarget,
    { statuses, ids }: Pick<FleetPlan, 'statuses' | 'ids'>,
    liveKey: string,
  ) {
    if (version === null || digest === null) return { runId: undefined, outdated: [] };
    return this.ledger.look({ liveKey, version, digest, statuses, ids });
  }

  private async report(known: RunRow, runId?: string): Promise<FleetReport> {
    const run = runId === undefined ? known : ((await this.ledger.find(runId)) ?? known);
    const { counts } = await this.ledger.count(run.id);
    return {
      ...counts,
      runId: run.id,
      state: run.state,
      target: run.target,
      stopReason: run.stopReason ?? undefined,
      total: run.total,
      ahead: 0,
      startedAt: run.startedAt,
      endedAt: run.endedAt,
      failures: counts.failed > 0 ? await this.ledger.failed(run.id) : [],
    };
  }

  private async record({ runId, target, state, total, done, failed, skipped }: FleetReport): Promise<void> {
    const details = { runId: runId ?? '', target: target ?? '', state, total, done, failed, skipped };
    const outcome = state === 'completed' && failed === 0 ? 'success' : 'failure';
    try {
      await this.unitOfWork.run(() =>
        this.audit.record({ eventType: 'tenants.fleet-migrated', tenantId: null, outcome, details }),
      );
    } catch (error) {
      // The ledger has it, too.
      this.logger.error(`The end of the run ${runId} is not in the audit log: ${String(error)}`);
    }
  }
}

function liveKeyOf({ version, digest }: SchemaTarget, { ids, statuses }: FleetPlan): string {
  return createHash('sha256')
    .update(JSON.stringify([version, digest, ids ?? null, statuses]))
    .digest('hex');
}

function nothingDone({ version }: SchemaTarget, ahead: number): FleetReport {
  return {
    ...NO_TENANTS,
    runId: undefined,
    state: 'completed',
    target: version ?? undefined,
    stopReason: undefined,
    total: 0,
    ahead,
    startedAt: undefined,
    endedAt: undefined,
    failures: [],
  };
}
