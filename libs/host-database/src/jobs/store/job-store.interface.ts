import type { SqlEntityManager } from '@mikro-orm/sql';
import type { JobStatus } from '../system-job.entity.js';
import type { StoreStatistics } from './job-statistics.interface.js';

/** One claim of one job. Everything that changes a running job shows it, and changes nothing where a later claim was made. */
export interface JobClaim {
  readonly id: string;
  readonly claimToken: number;
}

/** A job to write. */
export interface NewJob {
  readonly id: string;
  readonly jobType: string;
  readonly queue: string;
  readonly tenantId: string | null;
  readonly actorUserId: string | null;
  readonly priority: number;
  readonly payload: unknown;
  readonly maxAttempts: number | null;
  readonly uniqueKey: string | null;
  readonly concurrencyKey: string | null;
  readonly traceContext: string | null;
  readonly createdAt: Date;
  /** When it is due; at once when it has neither this nor `delayMs`. */
  readonly runAt?: Date;
  /** How long it waits, by the database's clock. */
  readonly delayMs?: number;
}

/** What became of a job to write. */
export interface InsertedJob {
  readonly id: string;
  /** False where a live job has its unique key already; `id` is then that one's. */
  readonly isNew: boolean;
}

/** A job in the hands of a worker. */
export interface ClaimedJob extends JobClaim {
  readonly jobType: string;
  readonly queue: string;
  readonly fairnessKey: string;
  readonly tenantId: string | null;
  readonly actorUserId: string | null;
  readonly priority: number;
  readonly payload: unknown;
  readonly attempt: number;
  readonly maxAttempts: number | null;
  readonly crashCount: number;
  readonly concurrencyKey: string | null;
  readonly traceContext: string | null;
}

/** How many jobs a tenant gets of a claim, and where in its jobs the last claim has ended. */
export interface Share {
  readonly fairnessKey: string;
  readonly count: number;
  readonly after?: { readonly priority: number; readonly id: string } | undefined;
}

export interface ClaimRequest {
  readonly queue: string;
  readonly workerId: string;
  readonly jobTypes: readonly string[];
  readonly shares: readonly Share[];
  /** Claims that are completed in the same statement, without a result to store. */
  readonly completed?: readonly JobClaim[];
}

export interface ClaimResult {
  /** In the order in which they are to run, tenant by tenant. */
  readonly jobs: readonly ClaimedJob[];
  /** How many of `completed` still held. */
  readonly heldCount: number;
}

/** How fast jobs of a queue may begin: `limit` of them in any `periodMs`, on average; `limit` at once at most. */
export interface RateLimit {
  readonly limit: number;
  readonly periodMs: number;
  /** Whether each tenant has a bucket of its own. @default false */
  readonly perTenant?: boolean;
}

/** What all processes together keep to. */
export interface QueueLimits {
  /** How many jobs of the queue run at the same time. */
  readonly maxRunning?: number;
  /** How many of each tenant. */
  readonly maxRunningPerTenant?: number;
  /** How many with the same concurrency key, of each tenant. */
  readonly maxRunningPerKey?: number;
  readonly rateLimit?: RateLimit;
}

export interface LimitedClaimRequest extends Omit<ClaimRequest, 'shares' | 'completed'> {
  readonly limits: QueueLimits;
  /** How many jobs are wanted. */
  readonly count: number;
  /** Shares out so many jobs between the tenants that have some, none of them more than its room. */
  readonly shareOut: (tenants: readonly TenantRoom[], count: number) => readonly Share[];
  /** The tenant after which to look first. */
  readonly after: string | undefined;
}

/** How many more jobs of a tenant may run. */
export interface TenantRoom {
  readonly fairnessKey: string;
  readonly room: number;
}

export interface LimitedClaimResult {
  readonly jobs: readonly ClaimedJob[];
  /** When the rate limit lets the next one begin; undefined where it was not what kept jobs back. */
  readonly retryAfterMs: number | undefined;
  /** Whether jobs may be left that another claim would take now: of tenants that were not looked at, or behind blocked ones. */
  readonly mayHaveMore: boolean;
}

/** How an attempt ended. */
export interface JobOutcome extends JobClaim {
  /** `pending` gives it back unrun, `scheduled` runs it again after `delayMs`. */
  readonly status: Extract<JobStatus, 'completed' | 'failed' | 'scheduled' | 'pending'>;
  readonly delayMs?: number;
  /** Whether the attempt does not count. */
  readonly isRefunded?: boolean;
  readonly output?: unknown;
  readonly error?: string;
}

/** A place under the cap of a concurrency key. */
export interface FreedPlace {
  readonly fairnessKey: string;
  readonly concurrencyKey: string;
}

/** A claim that no longer holds. */
export interface LostClaim {
  readonly id: string;
  /** What the job is now; undefined when it was deleted. */
  readonly status: JobStatus | undefined;
}

export interface WorkerRegistration {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly queues: readonly string[];
  readonly jobTypes: readonly string[];
}

export interface BeatRequest {
  readonly workerId: string;
  /** After how long a silence a worker counts as dead. */
  readonly deadAfterMs: number;
  /** The queues that it works on. */
  readonly queues: readonly string[];
  /** The schedules of its code. */
  readonly schedules: readonly string[];
}

/** What a worker learns from its heartbeat. */
export interface Pulse {
  /** False when others have taken it for dead: its jobs are no longer its own. */
  readonly isAlive: boolean;
  /** Whether another worker has been silent for too long, or a job is running that belongs to no worker. */
  readonly needsRescue: boolean;
  /** In how many milliseconds the worker that has been silent for longest counts as dead, unless it is heard; undefined without another. */
  readonly nextDeathMs: number | undefined;
  /** Which of its queues have ready jobs. */
  readonly readyQueues: readonly string[];
  /** In how many milliseconds the next scheduled job is due, 0 or less where it is; undefined without one. */
  readonly nextDueMs: number | undefined;
  /** In how many milliseconds the next slot of a schedule is due. */
  readonly nextSlotMs: number | undefined;
}

/** When something is due, as in {@link Pulse}. */
export type NextTimes = Pick<Pulse, 'nextDueMs' | 'nextSlotMs'>;

export interface RescueOptions {
  /** Who rescues: it is alive, however long it has been silent. */
  readonly workerId?: string | null;
  readonly deadAfterMs: number;
  /** The crash after which a job is a dead letter. */
  readonly maxCrashes: number;
}

/** What a rescue did. */
export interface Rescue {
  readonly workerIds: readonly string[];
  /** The queues that have jobs again. */
  readonly queues: readonly string[];
  readonly rescued: number;
  /** How many have become dead letters. */
  readonly failed: number;
}

export interface Promotion {
  /** The queues that have ready jobs now. */
  readonly queues: readonly string[];
  readonly nextDueMs: number | undefined;
}

/** Which dead letters to run again. */
export interface RedriveFilter {
  readonly ids?: readonly string[];
  readonly queue?: string;
  readonly jobType?: string;
  readonly tenantId?: string;
}

export interface PurgeRequest {
  readonly statuses: readonly Extract<JobStatus, 'completed' | 'failed' | 'cancelled'>[];
  readonly olderThanMs: number;
  /** How many rows one statement looks at. */
  readonly batchSize: number;
  /** Where the batch before has ended. */
  readonly after: string | undefined;
}

export interface PurgeResult {
  readonly deleted: number;
  /** Where the next batch begins; undefined at the end. */
  readonly last: string | undefined;
}

/**
 * Every statement on the tables of the queue, once for each dialect. Apart from those that are given an EntityManager, they run on
 * the library's own connection, each in a transaction of its own. Times are the database's, unless the application's clock is a
 * fake.
 */
export abstract class JobStore {
  /** Whether one connection may write while another has a transaction open that has written. */
  abstract readonly hasConcurrentWriters: boolean;
  /** Writes jobs in the caller's transaction. A unique key that a live job has makes no error, which would end that transaction. */
  abstract insert(em: SqlEntityManager, jobs: readonly NewJob[]): Promise<InsertedJob[]>;
  /** Which tenants have ready jobs, in the order of their keys, those after `after` only. */
  abstract findReadyTenants(queue: string, after: string | undefined, limit: number): Promise<string[]>;
  abstract claim(request: ClaimRequest): Promise<ClaimResult>;
  /** As {@link claim}, for a queue with limits: one claim at a time over all processes. */
  abstract claimWithin(request: LimitedClaimRequest): Promise<LimitedClaimResult>;
  /** Ends attempts. Returns the ids of those whose claim still held; nothing else was changed. */
  abstract settle(outcomes: readonly JobOutcome[]): Promise<ReadonlySet<string>>;
  /** Completes a job in the transaction of its handler; false when the claim was lost. */
  abstract completeWithin(em: SqlEntityManager, claim: JobClaim, output: unknown): Promise<boolean>;
  /** Makes a blocked job pending for each place that a job of its tenant and key has left; returns how many. */
  abstract unblock(queue: string, freed: readonly FreedPlace[]): Promise<number>;
  /** Makes blocked jobs pending whose key nobody is running; returns their queues. */
  abstract unblockIdle(): Promise<string[]>;
  abstract recordProgress(claim: JobClaim, progress: unknown): Promise<boolean>;
  abstract findLost(claims: readonly JobClaim[]): Promise<LostClaim[]>;
  /** Every claim of a worker in a queue. */
  abstract findClaims(workerId: string, queue: string): Promise<JobClaim[]>;
  abstract register(worker: WorkerRegistration): Promise<void>;
  abstract deregister(workerId: string): Promise<void>;
  abstract beat(request: BeatRequest): Promise<Pulse>;
  /** When the next scheduled job, and the next slot of a schedule, is due. */
  abstract findNextTimes(schedules: readonly string[]): Promise<NextTimes>;
  /** Takes the jobs of dead workers, and those that no worker knows of, away from them. */
  abstract rescue(options: RescueOptions): Promise<Rescue>;
  /** Makes scheduled jobs that are due pending. */
  abstract promote(limit: number): Promise<Promotion>;
  /** Parks jobs that have been ready for so long and that no live worker has a handler for. */
  abstract park(readyForMs: number): Promise<number>;
  /** Makes the parked jobs of these types pending again; returns their queues. */
  abstract unpark(jobTypes: readonly string[]): Promise<string[]>;
  /** Cancels live jobs in the caller's transaction; returns those that it cancelled. */
  abstract cancel(em: SqlEntityManager, ids: readonly string[]): Promise<CancelledJob[]>;
  /** Makes dead letters pending again, the oldest first, in the caller's transaction; returns the queue of each. */
  abstract redrive(em: SqlEntityManager, filter: RedriveFilter, limit: number): Promise<string[]>;
  abstract purge(request: PurgeRequest): Promise<PurgeResult>;
  abstract statistics(): Promise<StoreStatistics>;
}

export interface CancelledJob {
  readonly id: string;
  readonly queue: string;
  readonly fairnessKey: string;
  readonly concurrencyKey: string | null;
  readonly wasRunning: boolean;
}
