import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { HostDatabase } from 'nestjs-host-database';
import { Discard, JobHandler, type JobRun, type JobsOptions, JobsService, ScheduledJob, Snooze } from 'nestjs-host-database/jobs';
import { UNOBSERVED } from './statement-failpoints.js';

/** The options of all processes of the sweep. */
export const SWEEP_OPTIONS = {
  heartbeatMs: 100,
  deadAfterMs: 500,
  pollIntervalMs: 100,
  shutdownGraceMs: 50,
  abortGraceMs: 200,
  queues: { keyed: { maxRunningPerKey: 1 } },
} satisfies Partial<JobsOptions>;

const POLL_MS = 5;
const AN_HOUR = 3_600_000;

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'sweep.tick-yearly': null;
  }
}

/** What the first process, which dies, does otherwise than the second, which ends the work. */
export abstract class SweepRole {
  abstract readonly isFirst: boolean;
}

/** One handler for each way in which an attempt can end. */
@Injectable()
export class SweepHandlers {
  private readonly snoozed = new Set<string>();

  constructor(
    private readonly hostDatabase: HostDatabase,
    private readonly role: SweepRole,
  ) {}

  @JobHandler('sweep.do-nothing')
  async doNothing(): Promise<void> {}

  @JobHandler('sweep.return-result')
  async returnResult(): Promise<{ is: string }> {
    return { is: 'a result' };
  }

  @JobHandler('sweep.fail-once', { retry: { delayMs: 10 } })
  async failOnce({ attempt }: JobRun): Promise<void> {
    if (attempt === 1) throw new Error('once');
  }

  @JobHandler('sweep.fail-always')
  async failAlways(): Promise<void> {
    throw new Discard('always');
  }

  @JobHandler('sweep.snooze-once')
  async snoozeOnce({ id }: JobRun): Promise<void> {
    if (this.snoozed.has(id)) return;
    this.snoozed.add(id);
    throw new Snooze(10);
  }

  @JobHandler('sweep.report-progress')
  async reportProgress(run: JobRun): Promise<void> {
    await run.setProgress({ done: 1 });
    await run.setProgress({ done: 2 });
  }

  @JobHandler('sweep.count-up', { transactional: true })
  async countUp({ id }: JobRun): Promise<void> {
    await this.count(id);
  }

  @JobHandler('sweep.count-then-fail', { transactional: true, retry: { delayMs: 10 } })
  async countThenFail({ id, attempt }: JobRun): Promise<void> {
    await this.count(id);
    if (attempt === 1) throw new Error('once');
  }

  @ScheduledJob('0 0 1 1 *')
  @JobHandler('sweep.tick-yearly', { transactional: true })
  async tickYearly({ id }: JobRun<'sweep.tick-yearly'>): Promise<void> {
    await this.count(id);
  }

  @JobHandler('sweep.keep-key', { queue: 'keyed' })
  async keepKey(): Promise<void> {}

  /** Until it is cancelled, or the process shuts down. */
  @JobHandler('sweep.wait-for-signal')
  async waitForSignal({ signal }: JobRun): Promise<void> {
    if (this.role.isFirst) await delay(AN_HOUR, undefined, { signal });
  }

  private async count(id: string): Promise<void> {
    await this.hostDatabase.em.execute('update chaos_counter set value = value + 1');
    await this.hostDatabase.em.execute('insert into chaos_effects (job_id) values (?)', [id]);
  }
}

/** The types of the jobs that one transaction enqueues, in their order. */
export const ENQUEUED = [
  'sweep.do-nothing',
  'sweep.do-nothing',
  'sweep.return-result',
  'sweep.fail-once',
  'sweep.fail-always',
  'sweep.snooze-once',
  'sweep.report-progress',
  'sweep.count-up',
  'sweep.count-up',
  'sweep.count-then-fail',
  'sweep.keep-key',
  'sweep.keep-key',
  'sweep.keep-key',
  'sweep.wait-for-signal',
  'sweep.wait-for-signal',
] as const;

/** Takes the queue through everything that it does, up to the shutdown. */
export async function runScenario(host: HostDatabase, jobs: JobsService): Promise<void> {
  const waiting = await host.run(() =>
    host.transactional(async () => {
      const ids: string[] = [];
      for (const type of ENQUEUED) {
        const { id } = await jobs.enqueue(type, {}, type === 'sweep.keep-key' ? { concurrencyKey: 'a' } : {});
        if (type === 'sweep.wait-for-signal') ids.push(id);
      }
      for (let times = 0; times < 2; times++) await jobs.enqueue('sweep.do-nothing', {}, { uniqueKey: 'one', delayMs: 30 });
      return ids;
    }),
  );
  const untilOnly = async (type: string) => {
    const others = `status not in ('completed', 'failed', 'cancelled') and not (job_type = ? and status = 'running')`;
    const sql = `select ${UNOBSERVED} 1 from sys_jobs where ${others}`;
    while ((await host.run((em) => em.execute(sql, [type]))).length > 0) await delay(POLL_MS);
  };
  await untilOnly('sweep.wait-for-signal');
  // One of the two; the shutdown ends the other.
  await host.run(() => jobs.cancel(waiting[0] ?? ''));
  await host.run(() => jobs.redrive());
  await untilOnly('sweep.wait-for-signal');
}
