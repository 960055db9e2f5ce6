import type { ClaimedJob, JobOutcome } from '../store/index.js';
import type { EndedJobsLedger } from './ended-jobs.js';
import type { FairBuffer } from './fair-buffer.js';
import type { RunningJobs } from './running-jobs.js';
import { isSuspect, separateSuspects } from './suspects.js';

interface HeldJobs {
  readonly running: RunningJobs;
  readonly buffer: FairBuffer;
  readonly ended: EndedJobsLedger;
}

/** Puts claims among which are suspects into the buffer: one of those at a time, and the others are given back. */
export class SuspectsAdmission {
  private admitting: Promise<void> = Promise.resolve();

  constructor(
    private readonly concurrency: number,
    private readonly held: HeldJobs,
    private readonly giveBack: (refused: readonly JobOutcome[]) => Promise<void>,
  ) {}

  /** One after the other: two at the same time would not see each other's. */
  async admit(claimed: readonly ClaimedJob[]): Promise<void> {
    const admitted = this.admitting.then(() => this.admitNext(claimed));
    this.admitting = admitted.catch(() => undefined);
    await admitted;
  }

  private async admitNext(claimed: readonly ClaimedJob[]): Promise<void> {
    const { running, buffer, ended } = this.held;
    const held = [...running.jobs, ...buffer.peek().filter(isSuspect), ...ended.suspects];
    const { jobs, refused } = separateSuspects(claimed, held, this.concurrency);
    // Before any of the others begins: it may be the one that takes the process, and all that it holds, with it.
    if (refused.length > 0) await this.giveBack(refused);
    buffer.add(jobs);
  }
}
