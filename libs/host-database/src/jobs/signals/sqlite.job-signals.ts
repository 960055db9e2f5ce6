import type { SqliteDirectConnection } from '../../database/index.js';
import { type JobSignal, JobSignals } from './job-signals.interface.js';

/** Reading `data_version` takes a few microseconds. */
const WATCH_EVERY_MS = 10;

/**
 * Signals on SQLite: within the process by a call, between processes by watching the number that changes with each commit of another
 * connection. Such a change may be anything, so everything is looked at.
 *
 * @see https://www.sqlite.org/pragma.html#pragma_data_version
 */
export class SqliteJobSignals extends JobSignals {
  readonly isListening = true;
  private onSignal: ((signal: JobSignal) => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private version: number | undefined;

  constructor(
    private readonly connection: SqliteDirectConnection,
    private readonly queues: () => readonly string[],
  ) {
    super();
  }

  send(signal: Partial<JobSignal>): void {
    this.onSignal?.({ queues: [], cancelled: [], hasScheduled: false, ...signal });
  }

  listen(onSignal: (signal: JobSignal) => void): void {
    this.onSignal = onSignal;
    this.timer = setInterval(() => void this.watch().catch(() => undefined), WATCH_EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.onSignal = undefined;
  }

  private async watch(): Promise<void> {
    const version = await this.connection.dataVersion();
    if (version === this.version) return;
    // The first time too: what was committed until now may have been missed.
    this.version = version;
    this.onSignal?.({ queues: this.queues(), cancelled: 'unknown', hasScheduled: true });
  }
}
