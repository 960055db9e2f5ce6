import { Injectable, Logger } from '@nestjs/common';
import { genId } from '../../common/index.js';
import type { NewJob } from '../store/index.js';
import { CronSlots } from './cron-slots.js';
import { decideSlots } from './missed-slots.js';
import { type DueSchedule, type ScheduleMove, ScheduleStore } from './schedule-store.interface.js';
import { ScheduledJobsRegistry } from './scheduled-jobs.registry.js';
import { slotKey } from './slot-key.js';

/** How many schedules, and about how many jobs, one transaction is for. */
const BATCH = { schedules: 100, jobs: 1_000 } as const;
/** When to look again for a slot that is due but in the hands of another process, which may die. */
const LOOK_AGAIN_MS = 1_000;

/** What a look at the schedules has brought. */
export interface Tick {
  /** How many jobs were enqueued. */
  readonly enqueued: number;
  /** The queues that have them. */
  readonly queues: readonly string[];
  /**
   * In how many milliseconds to look again, more than 0 and perhaps more than a timer can wait; undefined while no slot is to come that
   * this process can decide.
   */
  readonly nextSlotMs: number | undefined;
}

/** Enqueues the jobs of slots that have come. Any number of processes may do so at the same time. */
@Injectable()
export class JobScheduler {
  private readonly logger = new Logger('Jobs');
  private readonly complaints = new Set<string>();

  constructor(
    private readonly store: ScheduleStore,
    private readonly registry: ScheduledJobsRegistry,
  ) {}

  /** The schedules of the code of this process. Those of other code are left to the processes that have it. */
  get names(): readonly string[] {
    return this.registry.names;
  }

  /** Decides all slots that have come: each once over all processes, together with its job. */
  async tick(): Promise<Tick> {
    const queues = new Set<string>();
    const undecidable = new Set<string>();
    for (let enqueued = 0; ;) {
      const known = undecidable.size;
      const { found, moved, ...advance } = await this.store.advance({
        inCode: this.names,
        except: [...undecidable],
        limit: BATCH.schedules,
        decide: (due, now) => this.decide(due, now, undecidable),
      });
      enqueued += advance.enqueued;
      for (const { queue } of moved.flatMap(({ jobs }) => jobs)) queues.add(queue);
      const isAll = found < BATCH.schedules && moved.length + undecidable.size - known === found;
      if (isAll) return { enqueued, queues: [...queues], nextSlotMs: lookAgainIn(advance.nextSlotMs) };
    }
  }

  private decide(due: readonly DueSchedule[], now: Date, undecidable: Set<string>): ScheduleMove[] {
    const moves: ScheduleMove[] = [];
    let jobs = 0;
    for (const schedule of due) {
      // What is left is still due, and so is part of the next transaction.
      if (jobs >= BATCH.jobs) break;
      try {
        const move = moveOn(schedule, now);
        moves.push(move);
        jobs += move.jobs.length;
      } catch (error) {
        // Written by hand, or with time zones that this process does not know. It must not hold up the others.
        undecidable.add(schedule.name);
        this.complain(schedule, error);
      }
    }
    return moves;
  }

  /** Once for each schedule as it stands: it is looked at again and again. */
  private complain({ name, cron, timeZone }: DueSchedule, error: unknown): void {
    const complaint = JSON.stringify([name, cron, timeZone]);
    if (this.complaints.has(complaint)) return;
    this.complaints.add(complaint);
    this.logger.error(`The slots of the schedule ${name} are not run here, because they cannot be told: ${String(error)}`);
  }
}

function moveOn(schedule: DueSchedule, now: Date): ScheduleMove {
  const { run, last, next } = decideSlots(schedule, CronSlots.of(schedule), now);
  return { name: schedule.name, lastSlotAt: last, nextSlotAt: next, jobs: run.map((slot) => jobOf(schedule, slot, now)) };
}

function jobOf({ name, jobType, queue, tenantId, priority, payload }: DueSchedule, slot: Date, now: Date): NewJob {
  return {
    id: genId(),
    jobType,
    queue,
    tenantId,
    actorUserId: null,
    priority,
    payload,
    maxAttempts: null,
    uniqueKey: slotKey({ schedule: name, at: slot }),
    concurrencyKey: null,
    traceContext: null,
    createdAt: now,
  };
}

function lookAgainIn(nextSlotMs: number | undefined): number | undefined {
  return nextSlotMs !== undefined && nextSlotMs <= 0 ? LOOK_AGAIN_MS : nextSlotMs;
}
