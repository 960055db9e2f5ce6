import { hostname } from 'node:os';
import { genId } from '../../common/index.js';
import type { JobsOptions } from '../jobs.options.js';
import type { JobStore, Pulse } from '../store/index.js';

export interface SessionContext {
  readonly store: JobStore;
  readonly options: JobsOptions;
  readonly queues: readonly string[];
  readonly jobTypes: readonly string[];
  readonly schedules: () => readonly string[];
}

/** How this process is known to the others while it runs jobs: registered, alive as long as it says so, and taken for dead after. */
export class WorkerSession {
  private id = genId();
  private isRegistered = false;
  private heardAt = -Infinity;
  /** How long the database had not heard of this process when it last did. */
  private silenceMs = 0;

  constructor(private readonly context: SessionContext) {}

  get workerId(): string {
    return this.id;
  }

  /** Whether others may have taken this process for dead by now: it has not been heard for so long. */
  get mayBeDead(): boolean {
    return this.isRegistered && performance.now() - this.heardAt > this.context.options.deadAfterMs;
  }

  /**
   * Whether this process may take others for dead. After a pause of its own, as when the database was away for everybody, their
   * silence says nothing: they get time to be heard again.
   */
  get mayRescue(): boolean {
    return this.silenceMs < this.context.options.deadAfterMs;
  }

  /** Registers this process, under a new id. */
  async open(): Promise<void> {
    const { store, queues, jobTypes } = this.context;
    const id = genId();
    const began = performance.now();
    await store.register({ id, host: hostname(), pid: process.pid, queues, jobTypes });
    this.id = id;
    this.isRegistered = true;
    this.heardAt = began;
    this.silenceMs = 0;
  }

  /** Says that this process is alive. */
  async beat(): Promise<Pulse> {
    const { store, options, queues, schedules } = this.context;
    // The time before the statement: what counts is when the database may have written it.
    const began = performance.now();
    const pulse = await store.beat({
      workerId: this.id,
      deadAfterMs: options.deadAfterMs,
      queues,
      schedules: schedules(),
    });
    // Until it was answered: the statement itself may have waited while nobody could be heard.
    this.silenceMs = performance.now() - this.heardAt;
    this.heardAt = began;
    return pulse;
  }

  /** Takes this process off the list. */
  async close(): Promise<void> {
    if (!this.isRegistered) return;
    this.isRegistered = false;
    await this.context.store.deregister(this.id);
  }
}
