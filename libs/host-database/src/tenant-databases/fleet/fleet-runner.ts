import { setTimeout as delay } from 'node:timers/promises';
import { Bell } from '../../common/index.js';
import { type FleetCounts, NO_TENANTS, type TenantMigrationResult } from './fleet-report.js';
import type { FleetOptions, FleetPlan } from './fleet.options.js';
import type { MigrationClaim, RunnerIdentity, Settlement } from './ledger/index.js';
import type { MigrationLedger } from './ledger/index.js';
import { courseOf } from './run-course.js';

/** What one process does for a run. */
export interface FleetRunnerParts {
  readonly ledger: MigrationLedger;
  readonly plan: FleetPlan;
  readonly options: FleetOptions;
  readonly identity: RunnerIdentity;
  /** Brings one tenant up to date. May throw; the text of its error goes into the ledger. */
  readonly migrate: (claim: MigrationClaim) => Promise<Settlement & { readonly state: 'done' | 'skipped' }>;
  readonly describe: (error: unknown, claim: MigrationClaim) => string;
  readonly signal: AbortSignal;
  readonly onTenant: (result: TenantMigrationResult, counts: FleetCounts) => void;
  readonly warn: (message: string) => void;
}

/** A sign of life is sent so often that two of them can be lost. */
const RENEWALS_PER_LEASE = 3;
/** How old the counts of other processes that progress shows may be. */
const COUNTS_MAX_AGE_MS = 1_000;
/** The catalogue's row may be locked by somebody for as long as the host waits for locks. */
const SETTLE_ATTEMPTS = 4;
const SETTLE_RETRY_DELAY_MS = 100;

/** One process's part in one run: takes tenants that are free, so many at a time, until nothing is left to do or it is told to end. */
export class FleetRunner {
  private readonly inFlight = new Map<Promise<void>, MigrationClaim>();
  private readonly bell = new Bell();
  private counts: FleetCounts = NO_TENANTS;
  private countedAt = -Infinity;
  private wave = 0;
  /** Nothing more is begun before the ledger was asked how the run stands. */
  private mustLook = false;

  constructor(private readonly parts: FleetRunnerParts) {}

  /** @returns whether this process has ended the run */
  async run(): Promise<boolean> {
    const { ledger, identity, signal, warn } = this.parts;
    const renewing = setInterval(() => {
      ledger
        .renew(identity, [...this.inFlight.values()])
        .catch((error: unknown) => warn(`The lease was not renewed: ${String(error)}`));
    }, identity.leaseMs / RENEWALS_PER_LEASE);
    const wake = () => this.bell.ring();
    signal.addEventListener('abort', wake);
    try {
      return await this.work();
    } finally {
      // Whatever ended it: nothing may go on that nobody waits for.
      await Promise.all(this.inFlight.keys());
      clearInterval(renewing);
      signal.removeEventListener('abort', wake);
      if (signal.aborted) await ledger.interrupt(identity.runId);
    }
  }

  private async work(): Promise<boolean> {
    const { ledger, plan, identity, signal } = this.parts;
    const { runId } = identity;
    while (!signal.aborted) {
      const free = plan.concurrency - this.inFlight.size;
      const claims = free > 0 && !this.mustLook ? await this.claim(free) : [];
      for (const claim of claims) this.begin(claim);
      if (claims.length === free && this.inFlight.size > 0 && !this.mustLook) {
        await this.bell.wait(COUNTS_MAX_AGE_MS, signal);
        continue;
      }
      this.mustLook = false;
      const course = courseOf(await this.survey(), plan);
      if (course.do === 'leave') return false;
      if (course.do === 'stop') return ledger.stop(runId, course.reason);
      if (course.do === 'complete') {
        const hasCompleted = await ledger.complete(runId);
        if (hasCompleted) return true;
        continue;
      }
      const isAnotherWave = course.wave !== this.wave;
      this.wave = course.wave;
      // What failed becomes free again after a while, and what others had when they die.
      if (!isAnotherWave) await this.bell.wait(course.do === 'wait' ? course.ms : LOOK_AGAIN_MS, signal);
    }
    return false;
  }

  private async claim(limit: number): Promise<MigrationClaim[]> {
    const { ledger, plan, identity, signal } = this.parts;
    const claims = await ledger.claim(identity, { wave: this.wave, attempts: plan.attempts, limit });
    if (!signal.aborted) return claims;
    for (const claim of claims) await ledger.giveBack(identity.runId, claim);
    return [];
  }

  private begin(claim: MigrationClaim): void {
    const work = this.migrate(claim)
      // Its lease runs out, and somebody looks at it again.
      .catch((error: unknown) => this.parts.warn(`Tenant ${claim.tenantId} could not be settled: ${String(error)}`))
      .finally(() => {
        this.inFlight.delete(work);
        this.bell.ring();
      });
    this.inFlight.set(work, claim);
  }

  private async migrate(claim: MigrationClaim): Promise<void> {
    const { migrate } = this.parts;
    const beganAt = performance.now();
    const how = await migrate(claim).catch((error: unknown) => this.failure(claim, error));
    // Where the lease was lost, the one who has the tenant now tells of it.
    const isSettled = await this.settle(claim, how);
    if (isSettled) await this.tell(claim, how, performance.now() - beganAt);
    // It may be the one that is too much.
    if (how.state === 'failed') this.mustLook = true;
  }

  /** Writes down what has been done, and does not give that up at the first hindrance: the tenant would have to be opened again. */
  private async settle(claim: MigrationClaim, how: Settlement): Promise<boolean> {
    const { ledger, identity, warn } = this.parts;
    for (let attempt = 1; ; attempt++) {
      try {
        return await ledger.settle(identity.runId, claim, how);
      } catch (error) {
        if (attempt >= SETTLE_ATTEMPTS) throw error;
        warn(`Tenant ${claim.tenantId} could not be settled at once, and is tried again: ${String(error)}`);
        await delay(SETTLE_RETRY_DELAY_MS * attempt);
      }
    }
  }

  private failure(claim: MigrationClaim, error: unknown): Settlement {
    const { plan, options, describe } = this.parts;
    const text = describe(error, claim);
    if (claim.attempt >= plan.attempts) return { state: 'failed', error: text };
    return { state: 'pending', error: text, delayMs: options.retryDelayMs };
  }

  private async survey() {
    const { ledger, plan, identity } = this.parts;
    const survey = await ledger.survey(identity.runId, plan.attempts);
    [this.counts, this.countedAt] = [survey.counts, performance.now()];
    return survey;
  }

  private async tell(claim: MigrationClaim, how: Settlement, durationMs: number): Promise<void> {
    if (performance.now() - this.countedAt > COUNTS_MAX_AGE_MS) await this.survey();
    else if (how.state !== 'pending') this.counts = { ...this.counts, ...moved(this.counts, how.state) };
    const isDone = how.state === 'done';
    this.parts.onTenant(
      {
        tenantId: claim.tenantId,
        state: how.state,
        attempt: claim.attempt,
        from: (isDone ? how.outcome.from : undefined) ?? claim.schemaVersion ?? undefined,
        to: isDone ? how.outcome.version : undefined,
        applied: isDone ? how.outcome.applied : [],
        error: isDone ? undefined : how.error,
        durationMs,
      },
      this.counts,
    );
  }
}

const LOOK_AGAIN_MS = 50;

function moved(counts: FleetCounts, to: 'done' | 'failed' | 'skipped'): Partial<FleetCounts> {
  // It was counted as pending where it was claimed after the counting.
  const from = counts.running > 0 ? 'running' : 'pending';
  return { [from]: Math.max(0, counts[from] - 1), [to]: counts[to] + 1 };
}
