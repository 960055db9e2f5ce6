import type { Logger } from '@nestjs/common';
import { genId } from '../../common/index.js';
import type { NotificationSubscription, PostgresqlDirectConnection } from '../../database/index.js';
import { type JobSignal, JobSignals } from './job-signals.interface.js';
import { SignalCollector } from './signal-collector.js';

const CHANNEL = 'nestjs_host_database_jobs';
/** PostgreSQL takes less than 8,000 bytes; the name of a queue has at most 63. More than that are found by polling. */
const MAX_QUEUES = 60;

interface Message extends Partial<JobSignal> {
  readonly from: string;
}

/**
 * Signals by LISTEN and NOTIFY, on the library's own connections. What is sent while a notification is under way goes with the next,
 * so that a burst of commits costs a few; none of it is in the caller's transaction, whose commit it would hold up.
 */
export class PostgresqlJobSignals extends JobSignals {
  private readonly self = genId();
  private readonly outbox = new SignalCollector();
  private onSignal: ((signal: JobSignal) => void) | undefined;
  private sending: Promise<void> | undefined;
  private subscription: NotificationSubscription | undefined;

  constructor(
    private readonly connection: PostgresqlDirectConnection,
    private readonly isEnabled: boolean,
    private readonly logger: Logger,
  ) {
    super();
  }

  get isListening(): boolean {
    return this.subscription?.isHearing ?? false;
  }

  send(signal: Partial<JobSignal>): void {
    this.onSignal?.({ queues: [], cancelled: [], hasScheduled: false, ...signal });
    if (!this.isEnabled) return;
    this.outbox.add(signal);
    this.sending ??= this.sendAll().finally(() => (this.sending = undefined));
  }

  listen(onSignal: (signal: JobSignal) => void): void {
    this.onSignal = onSignal;
    if (!this.isEnabled) return;
    this.subscription = this.connection.notifications.subscribe({
      channel: CHANNEL,
      onNotification: (payload) => this.receive(payload),
      // What was sent before is not repeated.
      onHearing: () => this.tellOfGap(),
      onGap: () => this.tellOfGap(),
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.sending, this.subscription?.close()]);
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

  private tellOfGap(): void {
    this.onSignal?.({ queues: [], cancelled: 'unknown', hasScheduled: true, isGap: true });
  }

  private receive(payload: string): void {
    const message = messageOf(payload);
    // Sent by somebody else, or by another release: what it was to tell is looked for.
    if (!message) return this.tellOfGap();
    const { from, queues = [], cancelled = [], hasScheduled = false } = message;
    if (from !== this.self) this.onSignal?.({ queues, cancelled, hasScheduled });
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
  const { from, queues = [], cancelled = [], hasScheduled = false } = value as Partial<Record<keyof Message, unknown>>;
  if (typeof from !== 'string') return false;
  return areStrings(queues) && (cancelled === 'unknown' || areStrings(cancelled)) && typeof hasScheduled === 'boolean';
}

function areStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
