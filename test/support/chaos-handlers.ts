import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { HostDatabase } from 'nestjs-host-database';
import { JobHandler, type JobRun } from 'nestjs-host-database/jobs';

/** What a worker's process tells of an attempt. */
export interface ChaosEvent {
  readonly event: 'started' | 'ended' | 'aborted';
  readonly id: string;
  readonly attempt: number;
  /** Milliseconds on the clock that all processes of a machine share. */
  readonly at: number;
  readonly tenantId?: string;
  /** Of `aborted`: the class of the reason. */
  readonly reason?: string;
}

/** How long a job takes. */
interface WaitPayload {
  readonly ms: number;
  /** How long where an attempt or a worker has gone before. @default ms */
  readonly laterMs?: number;
  /** Whether the handler does not listen to its signal. */
  readonly isDeaf?: boolean;
  /** The first attempt ends when its process gets this signal, and at nothing else. */
  readonly untilSignal?: NodeJS.Signals;
  /** Whether the job has a result. */
  readonly hasOutput?: boolean;
  /** Whether it says nothing, where saying it would take more of the machine than the job. */
  readonly isQuiet?: boolean;
}

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'chaos.wait-for': WaitPayload;
    'chaos.count-up': null;
    'chaos.kill-worker': null;
    'chaos.fail-once': null;
  }
}

/** Milliseconds on the clock that all processes of a machine share. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The handlers of the tests with processes that die. What happens is said on the standard output, one line of JSON each. */
@Injectable()
export class ChaosHandlers {
  constructor(private readonly hostDatabase: HostDatabase) {}

  @JobHandler('chaos.wait-for')
  async waitFor(run: JobRun<'chaos.wait-for'>): Promise<{ pid: number } | undefined> {
    const { ms, laterMs = ms, isDeaf = false, untilSignal, hasOutput = false, isQuiet = false } = run.payload;
    if (!isQuiet) say(run, 'started');
    const { signal } = run;
    try {
      const waitMs = run.attempt > 1 ? laterMs : ms;
      if (untilSignal && run.attempt === 1) await once(process, untilSignal);
      else if (waitMs > 0) await delay(waitMs, undefined, isDeaf ? {} : { signal });
    } catch {
      say(run, 'aborted', (signal.reason as Error).name);
      throw signal.reason;
    }
    if (!isQuiet) say(run, 'ended');
    return hasOutput ? { pid: process.pid } : undefined;
  }

  /** Counts itself, and writes who it was, in the transaction that completes it. */
  @JobHandler('chaos.count-up', { transactional: true, retry: { delayMs: 20, maxDelayMs: 200, maxAttempts: 1_000 } })
  async countUp({ id }: JobRun<'chaos.count-up'>): Promise<void> {
    const { em } = this.hostDatabase;
    await em.execute('update chaos_counter set value = value + 1');
    // Long enough for a process to die in it.
    await delay(1);
    await em.execute('insert into chaos_effects (job_id) values (?)', [id]);
  }

  @JobHandler('chaos.kill-worker')
  async killWorker(): Promise<void> {
    process.kill(process.pid, 'SIGKILL');
  }

  @JobHandler('chaos.fail-once', { retry: { delayMs: 50, jitter: 'none' } })
  async failOnce(run: JobRun<'chaos.fail-once'>): Promise<void> {
    say(run, run.attempt === 1 ? 'started' : 'ended');
    if (run.attempt === 1) throw new Error('once');
  }
}

function say(
  { id, attempt, tenantId }: JobRun<'chaos.wait-for'> | JobRun<'chaos.fail-once'>,
  event: ChaosEvent['event'],
  reason?: string,
): void {
  const line: ChaosEvent = { event, id, attempt, at: machineMs(), ...(tenantId && { tenantId }), ...(reason && { reason }) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
