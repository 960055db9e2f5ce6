/** What processes tell each other. Signals are hints that save time: each may be lost, and is found out a little later. */
export interface JobSignal {
  /** Queues that have ready jobs, or jobs that have a new time. */
  readonly queues: readonly string[];
  /** Whether jobs or schedules have got a time to be due at. */
  readonly hasScheduled: boolean;
  /** Running jobs that were cancelled; `unknown` where some may have been. */
  readonly cancelled: readonly string[] | 'unknown';
  /** Whether signals may have been missed, or may be from now on. */
  readonly isGap?: boolean;
}

/** Carries signals between the processes of an application. */
export abstract class JobSignals {
  /** Whether signals of other processes arrive here. */
  abstract readonly isListening: boolean;
  /** Tells everybody, this process first. Call it after the commit. */
  abstract send(signal: Partial<JobSignal>): void;
  /** Begins to listen. */
  abstract listen(onSignal: (signal: JobSignal) => void): void;
  /** Stops listening, and waits for what is being sent. */
  abstract close(): Promise<void>;
}
