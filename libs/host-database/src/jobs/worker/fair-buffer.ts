import type { ClaimedJob, JobClaim } from '../store/index.js';

const COMPACT_AFTER = 1_024;

interface Lane {
  readonly jobs: ClaimedJob[];
  next: number;
}

/** The jobs that a worker has claimed and not begun: given out in turns, one tenant after the other. */
export class FairBuffer {
  private readonly lanes = new Map<string, Lane>();
  private readonly guests = new Set<ClaimedJob>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** How many of them were claimed for tenants that had nothing here. */
  get guestCount(): number {
    return this.guests.size;
  }

  /** Whether jobs of a tenant wait here. */
  has(fairnessKey: string): boolean {
    return this.lanes.has(fairnessKey);
  }

  add(jobs: readonly ClaimedJob[], { areGuests = false } = {}): void {
    if (areGuests) for (const job of jobs) this.guests.add(job);
    for (const job of jobs) {
      const lane = this.lanes.get(job.fairnessKey);
      if (lane) lane.jobs.push(job);
      else this.lanes.set(job.fairnessKey, { jobs: [job], next: 0 });
    }
    this.count += jobs.length;
  }

  take(): ClaimedJob | undefined {
    const [first] = this.lanes;
    if (!first) return undefined;
    const [key, lane] = first;
    const job = lane.jobs[lane.next++];
    // One that is filled as fast as it is emptied would grow for ever.
    if (lane.next >= COMPACT_AFTER) {
      lane.jobs.splice(0, lane.next);
      lane.next = 0;
    }
    const isOver = lane.next >= lane.jobs.length;
    // A map keeps the order in which its keys were set: who has had a turn goes to the end.
    if (isOver || this.lanes.size > 1) this.lanes.delete(key);
    if (!isOver && !this.lanes.has(key)) this.lanes.set(key, lane);
    this.count--;
    if (job) this.guests.delete(job);
    return job;
  }

  /** All of them, without taking them. */
  peek(): ClaimedJob[] {
    return [...this.lanes.values()].flatMap(({ jobs, next }) => jobs.slice(next));
  }

  /** Takes everything. */
  drain(): ClaimedJob[] {
    const jobs: ClaimedJob[] = [];
    for (let job = this.take(); job; job = this.take()) jobs.push(job);
    return jobs;
  }

  /** Drops these claims. */
  remove(claims: readonly JobClaim[]): void {
    if (this.count === 0 || claims.length === 0) return;
    const tokens = new Map(claims.map(({ id, claimToken }) => [id, claimToken]));
    this.add(this.drain().filter(({ id, claimToken }) => tokens.get(id) !== claimToken));
  }
}
