import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@nestjs/common';
import { genId } from '../../common/index.js';
import type { PostgresqlDirectConnection, PostgresqlSession } from '../../database/index.js';
import { type JobSignal, JobSignals } from './job-signals.interface.js';
import { SignalCollector } from './signal-collector.js';

const CHANNEL = 'nestjs_host_database_jobs';
/** PostgreSQL takes less than 8,000 bytes; the name of a queue has at most 63. More than that are found by polling. */
const MAX_QUEUES = 60;
const HEAR_ONESELF_MS = 2_000;
const CHECK_EVERY_MS = 20_000;
const RECONNECT_MS = { min: 250, max: 10_000 };

interface Message extends Partial<JobSignal> {
  readonly from: string;
  /** Sent to oneself, to hear whether anything arrives. */
  readonly echo?: string;
}

/**
 * Signals by LISTEN and NOTIFY, on the library's own connections. What is sent while a notification is under way goes with the next,
 * so that a burst of commits costs a few; none of it is in the caller's transaction, whose commit it would hold up.
 */
export class PostgresqlJobSignals extends JobSignals {
  private readonly self = genId();
  private readonly outbox = new SignalCollector();
  private readonly closing = new AbortController();
  private onSignal: ((signal: JobSignal) => void) | undefined;
  private sending: Promise<void> | undefined;
  private listening: Promise<void> | undefined;
  private hears = false;
  private onEcho: ((echo: string) => void) | undefined;

  constructor(
    private readonly connection: PostgresqlDirectConnection,
    private readonly isEnabled: boolean,
    private readonly logger: Logger,
  ) {
    super();
  }

  get isListening(): boolean {
    return this.hears;
  }

  send(signal: Partial<JobSignal>): void {
    this.onSignal?.({ queues: [], cancelled: [], hasScheduled: false, ...signal });
    if (!this.isEnabled) return;
    this.outbox.add(signal);
    this.sending ??= this.sendAll().finally(() => (this.sending = undefined));
  }

  listen(onSignal: (signal: JobSignal) => void): void {
    this.onSignal = onSignal;
    if (this.isEnabled) this.listening = this.keepListening();
  }

  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all([this.sending, this.listening]);
    this.onSignal = undefined;
  }

  private async sendAll(): Promise<void> {
    // After the current turn of the event loop: a request that commits several units of work is told of once.
    await Promise.resolve();
    while (!this.outbox.isEmpty) {
      const { queues, ...signal } = this.outbox.take();
      const message: Message = { from: this.self, queues: queues.slice(0, MAX_QUEUES), ...signal };
      try {
        await this.notify(message);
      } catch (error) {
        this.logger.debug(`A notification was not sent; workers find the jobs when they poll: ${String(error)}`);
      }
    }
  }

  private async notify(message: Message): Promise<void> {
    await this.connection.query('select pg_notify($1, $2)', [CHANNEL, JSON.stringify(message)]);
  }

  private async keepListening(): Promise<void> {
    let hasWarned = false;
    for (let failures = 0; !this.closing.signal.aborted; failures++) {
      try {
        const session = await this.connection.listen(CHANNEL, (payload) => this.receive(payload));
        try {
          if (this.closing.signal.aborted) return;
          const arrives = await this.hearsItself();
          if (this.closing.signal.aborted) return;
          if (arrives) {
            this.hears = true;
            failures = 0;
            // What was sent before is not repeated.
            this.tellOfGap();
            await this.untilLost(session);
          } else if (!hasWarned) {
            hasWarned = true;
            this.logger.warn(
              'Notifications do not arrive, perhaps because of a transaction-pooling proxy: workers poll. Set jobs.notifications to false to say so.',
            );
          }
        } finally {
          const hasHeard = this.hears;
          this.hears = false;
          if (hasHeard && !this.closing.signal.aborted) this.tellOfGap();
          await session.close();
        }
      } catch (error) {
        // Once for a series: workers poll meanwhile, and their own messages tell how long it lasts.
        if (failures === 0)
          this.logger.warn(`Notifications are not heard until the connection is back; workers poll: ${String(error)}`);
      }
      const limit = Math.min(RECONNECT_MS.max, RECONNECT_MS.min * 2 ** failures);
      await delay(limit / 2 + (Math.random() * limit) / 2, undefined, { signal: this.closing.signal }).catch(() => undefined);
    }
  }

  private tellOfGap(): void {
    this.onSignal?.({ queues: [], cancelled: 'unknown', hasScheduled: true, isGap: true });
  }

  private async hearsItself(): Promise<boolean> {
    const echo = genId();
    const { promise: heard, resolve } = Promise.withResolvers<boolean>();
    this.onEcho = (other) => {
      if (other === echo) resolve(true);
    };
    await this.notify({ from: this.self, echo });
    const timeout = setTimeout(() => resolve(false), HEAR_ONESELF_MS);
    return heard.finally(() => clearTimeout(timeout));
  }

  /** Asks now and then: a connection whose other end is gone may never say so. */
  private async untilLost(session: PostgresqlSession): Promise<void> {
    const stop = new AbortController();
    const closed = new Promise<void>((resolve) => {
      // It may have been closed while it was waiting to hear itself.
      if (this.closing.signal.aborted) return resolve();
      this.closing.signal.addEventListener('abort', () => resolve(), { once: true, signal: stop.signal });
    });
    const check = async () => {
      for (;;) {
        await delay(CHECK_EVERY_MS, undefined, { signal: stop.signal });
        await session.query('select 1');
      }
    };
    await Promise.race([session.ended, closed, check().catch(() => undefined)]);
    stop.abort();
  }

  private receive(payload: string): void {
    const message = messageOf(payload);
    // Sent by somebody else, or by another release: what it was to tell is looked for.
    if (!message) return this.tellOfGap();
    const { from, echo, queues = [], cancelled = [], hasScheduled = false } = message;
    if (echo !== undefined) this.onEcho?.(echo);
    else if (from !== this.self) this.onSignal?.({ queues, cancelled, hasScheduled });
  }
}

/** Anybody may send on the channel: undefined for what is not a message. */
function messageOf(payload: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(payload);
    return isMessage(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false;
  const { from, echo, queues = [], cancelled = [], hasScheduled = false } = value as Partial<Record<keyof Message, unknown>>;
  if (typeof from !== 'string' || (echo !== undefined && typeof echo !== 'string')) return false;
  return areStrings(queues) && (cancelled === 'unknown' || areStrings(cancelled)) && typeof hasScheduled === 'boolean';
}

function areStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
