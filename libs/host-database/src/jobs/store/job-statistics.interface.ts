/** One queue as it stands. */
export interface QueueStatistics {
  readonly queue: string;
  readonly pending: number;
  readonly scheduled: number;
  readonly running: number;
  readonly blocked: number;
  readonly parked: number;
  /** The dead letters. */
  readonly failed: number;
  /** How long the pending job that waits for the longest time has been ready. */
  readonly oldestPendingAgeMs: number | undefined;
}

export interface WorkerStatistics {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly queues: readonly string[];
  readonly startedAt: Date;
  readonly lastBeatAgeMs: number;
  readonly running: number;
}

/** A transaction whose snapshot keeps PostgreSQL from removing dead rows, which makes every queue slow. */
export interface OldestTransaction {
  readonly pid: number;
  readonly ageMs: number;
  readonly applicationName: string;
  readonly state: string;
}

export interface StoreStatistics {
  readonly queues: readonly QueueStatistics[];
  readonly workers: readonly WorkerStatistics[];
  readonly oldestTransaction: OldestTransaction | undefined;
}
