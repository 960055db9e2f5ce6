import { Injectable } from '@nestjs/common';
import { JobHandler, type JobRun, Snooze } from '../../jobs/index.js';
import { FleetMigrationFailedError } from './fleet.errors.js';
import type { FleetProgress } from './fleet-report.js';
import { MIGRATE_FLEET_JOB, TenantMigrations } from './tenant-migrations.service.js';

const DAY_MS = 86_400_000;
const PROGRESS_EVERY_MS = 1_000;
const TAKE_UP_AGAIN_MS = 1_000;

/** Migrates the fleet as a job: where its process dies, the next worker goes on with the same run. */
@Injectable()
export class FleetJob {
  constructor(private readonly migrations: TenantMigrations) {}

  // What is left after a failure is for a person to look at; another run is another job.
  @JobHandler(MIGRATE_FLEET_JOB, {
    runsFor: 'host',
    timeoutMs: DAY_MS,
    retry: { shouldRetry: (error) => !(error instanceof FleetMigrationFailedError) },
  })
  async migrate(run: JobRun<typeof MIGRATE_FLEET_JOB>) {
    let toldAt = -Infinity;
    const telling = new Set<Promise<void>>();
    const report = await this.migrations.run({
      ...run.payload,
      signal: run.signal,
      onProgress: (progress) => {
        if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
        toldAt = performance.now();
        // What it is worth to know is in the ledger as well.
        const told = run
          .setProgress(summaryOf(progress))
          .catch(() => undefined)
          .finally(() => telling.delete(told));
        telling.add(told);
      },
    });
    await Promise.all(telling);
    // Broken off: the next attempt, of another process perhaps, takes the run up again.
    run.signal.throwIfAborted();
    const { runId, state, stopReason, failed } = report;
    // Somebody else has broken it off: this process that is shutting down, or another that has left while nothing was running.
    if (state === 'interrupted' || state === 'running') throw new Snooze(TAKE_UP_AGAIN_MS);
    if (runId !== undefined && (failed > 0 || state === 'stopped'))
      throw new FleetMigrationFailedError(runId, failed, stopReason);
    return { ...summaryOf(report), runId, state };
  }
}

function summaryOf({ total, done, failed, skipped }: Pick<FleetProgress, 'total' | 'done' | 'failed' | 'skipped'>) {
  return { total, done, failed, skipped };
}
