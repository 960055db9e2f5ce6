import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { DATABASE_SETTINGS, type DatabaseSettings, UnitOfWork } from '../../database/index.js';
import { JobsService } from '../../jobs/index.js';

/** The type of the job that moves what a process has left behind. */
export const RELAY_JOB = 'tenant-databases.relay-audit-rows';
/** Of a tenant there is one at a time. */
export const RELAY_KEY = 'audit-outbox';

/** When the job looks what was left behind: a process moves its rows itself, and at once. */
const LOOKS_AFTER_MS = 60_000;
/** A transaction that began to write so long before the job is due is taken to be committed when it runs. */
const MARGIN_MS = 30_000;
/** Tenants to remember, before those that are out of date are forgotten. */
const FORGET_AT = 1_000;

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'tenant-databases.relay-audit-rows': null;
  }
}

/**
 * Sees to it that audit rows which a process leaves in the database of a tenant, because it dies before it has moved them, are moved all
 * the same: by a job that is in the queue before they are committed. What outlasts even that is found by the nightly sweep.
 */
@Injectable()
export class OutboxRecovery {
  /** Until when a job covers what a tenant's transactions write, in milliseconds since 1970. */
  private readonly coveredUntil = new Map<string, number>();

  constructor(
    private readonly jobs: JobsService,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    @Inject(DATABASE_SETTINGS) private readonly settings: DatabaseSettings,
  ) {}

  /** Resolves when the job is in the queue, whatever becomes of the caller's transactions. */
  async ensure(tenantId: string): Promise<void> {
    const now = this.clock.now().getTime();
    if ((this.coveredUntil.get(tenantId) ?? 0) > now) return;
    const due = await this.enqueue(tenantId);
    if (due === undefined) return;
    if (this.coveredUntil.size >= FORGET_AT) this.forget(now);
    // The job is due by the database's clock, which may not be this one: it never covers for longer than the delay says.
    this.coveredUntil.set(tenantId, Math.min(due.getTime(), now + LOOKS_AFTER_MS) - MARGIN_MS);
  }

  /**
   * Enqueues a job that moves them at once, in the caller's transaction. It has no key of its own: one that is under way may have found the
   * tenant closed.
   */
  async enqueueNow(tenantId: string): Promise<void> {
    await this.jobs.enqueue(RELAY_JOB, null, { tenantId });
  }

  /** Returns when the job is due; undefined where it is not certain to be there. */
  private async enqueue(tenantId: string): Promise<Date | undefined> {
    const options = { tenantId, uniqueKey: RELAY_KEY, delayMs: LOOKS_AFTER_MS };
    const enqueue = async () => (await this.jobs.enqueue(RELAY_JOB, null, options)).availableAt ?? undefined;
    const { unitOfWork } = this;
    if (this.settings.type === 'postgresql' || !unitOfWork.transactionEm) return unitOfWork.run(enqueue);
    // On SQLite nobody else can write until the caller's own transaction has ended. One that a fork has begun cannot be joined.
    if (unitOfWork.isInTransaction) await enqueue();
    return undefined;
  }

  private forget(now: number): void {
    for (const [tenantId, until] of this.coveredUntil) if (until <= now) this.coveredUntil.delete(tenantId);
  }
}
