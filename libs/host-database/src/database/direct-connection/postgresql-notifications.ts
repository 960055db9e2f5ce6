import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { genId } from '../../common/index.js';
import type { PostgresqlQuery, PostgresqlSession } from './postgresql-session.js';

/** Here a process sends to itself, to hear whether anything arrives. */
const ECHO_CHANNEL = 'nestjs_host_database_echo';
const HEAR_ONESELF_MS = 2_000;
/** A connection whose other end is gone may never say so: it is asked now and then, and given up when it does not answer. */
const CHECK_EVERY_MS = 5_000;
const ANSWER_WITHIN_MS = 5_000;
const RECONNECT_MS = { min: 250, max: 10_000 };

/** Somebody who hears what is sent on a channel. */
export interface NotificationSubscriber {
  readonly channel: string;
  onNotification(payload: string): void;
  /** From now on every notification is heard. Those of before are not repeated. */
  onHearing(): void;
  /** Notifications may be missed from now on. Not called for what {@link NotificationSubscription.close} ends. */
  onGap(): void;
  /** Called on the session that hears, once it does and before the subscriber is told so. */
  enter?(session: PostgresqlSession): Promise<void>;
  /** Called on that session when {@link NotificationSubscription.close} has ended the subscription, and not the session with it. */
  leave?(session: PostgresqlSession): Promise<void>;
}

/** What a subscriber has. */
export interface NotificationSubscription {
  readonly isHearing: boolean;
  /** Ends it, and the session with the last of them. */
  close(): Promise<void>;
}

/** What is used of the direct connection. */
export interface NotificationConnection {
  readonly query: PostgresqlQuery;
  listen(channel: string, onNotification: (payload: string, channel: string) => void): Promise<PostgresqlSession>;
}

class Subscription {
  isHearing = false;

  constructor(readonly subscriber: NotificationSubscriber) {}
}

/** One time of listening: from the first subscription to the end of the last. */
interface Listening {
  readonly over: AbortController;
  ended: Promise<void>;
  /** The session, while it is known to hear. */
  session: PostgresqlSession | undefined;
}

/**
 * What this process hears on all channels that it listens to, on one session. That begins with the first subscription, is found anew when
 * it is lost, and takes nothing for granted: behind a transaction-pooling proxy a session listens and hears nothing, so that it first has
 * to hear itself.
 */
export class PostgresqlNotifications {
  private readonly logger = new Logger('Database');
  private readonly subscriptions = new Set<Subscription>();
  private listening: Listening | undefined;
  private onEcho: ((echo: string) => void) | undefined;
  private hasWarned = false;

  constructor(private readonly connection: NotificationConnection) {}

  /** Begins to hear a channel, a little later. */
  subscribe(subscriber: NotificationSubscriber): NotificationSubscription {
    const subscription = new Subscription(subscriber);
    this.subscriptions.add(subscription);
    if (!this.listening) this.listening = this.begin();
    // One that fails has ended its session, and the next begins with all of them.
    else if (this.listening.session) void this.join(subscription, this.listening.session).catch(() => undefined);
    return {
      get isHearing() {
        return subscription.isHearing;
      },
      close: () => this.end(subscription),
    };
  }

  private begin(): Listening {
    const listening: Listening = { over: new AbortController(), ended: Promise.resolve(), session: undefined };
    listening.ended = this.keepListening(listening);
    return listening;
  }

  private async end(subscription: Subscription): Promise<void> {
    subscription.isHearing = false;
    if (!this.subscriptions.delete(subscription)) return;
    const { listening } = this;
    if (listening?.session && this.subscriptions.size > 0) {
      await subscription.subscriber.leave?.(listening.session).catch(() => undefined);
    }
    if (this.subscriptions.size === 0) {
      this.listening = undefined;
      listening?.over.abort();
      await listening?.ended;
    } else if (![...this.subscriptions].some(({ subscriber }) => subscriber.channel === subscription.subscriber.channel)) {
      await listening?.session?.query(`unlisten "${subscription.subscriber.channel}"`).catch(() => undefined);
    }
  }

  private async keepListening(listening: Listening): Promise<void> {
    const { signal } = listening.over;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const session = await this.connection.listen(ECHO_CHANNEL, (payload, channel) => this.receive(payload, channel));
        try {
          if (signal.aborted) return;
          const arrives = await this.hearsItself(signal);
          if (signal.aborted) return;
          if (arrives) {
            failures = 0;
            listening.session = session;
            await Promise.all([...this.subscriptions].map((subscription) => this.join(subscription, session)));
            await untilLost(session, signal);
          } else this.warnOfSilence();
        } finally {
          listening.session = undefined;
          if (!signal.aborted) this.tellOfGap();
          await session.close();
        }
      } catch (error) {
        // Once for a series: what others have done is found out by asking meanwhile.
        if (failures === 0) this.logger.warn(`Notifications are not heard until the connection is back: ${String(error)}`);
      }
      const limit = Math.min(RECONNECT_MS.max, RECONNECT_MS.min * 2 ** failures);
      await delay(limit / 2 + (Math.random() * limit) / 2, undefined, { signal }).catch(() => undefined);
    }
  }

  private async join(subscription: Subscription, session: PostgresqlSession): Promise<void> {
    await session.query(`listen "${subscription.subscriber.channel}"`);
    await subscription.subscriber.enter?.(session);
    // It may have been closed, or the session lost, meanwhile; or it was there twice.
    const isWanted = this.subscriptions.has(subscription);
    if (!isWanted) await subscription.subscriber.leave?.(session);
    if (!isWanted || this.listening?.session !== session || subscription.isHearing) return;
    subscription.isHearing = true;
    subscription.subscriber.onHearing();
  }

  private tellOfGap(): void {
    for (const subscription of this.subscriptions) {
      if (!subscription.isHearing) continue;
      subscription.isHearing = false;
      subscription.subscriber.onGap();
    }
  }

  private warnOfSilence(): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.logger.warn(
      'Notifications do not arrive, perhaps because of a transaction-pooling proxy: what other processes do is found out by asking. ' +
        'Set jobs.notifications to false to say so.',
    );
  }

  private async hearsItself(signal: AbortSignal): Promise<boolean> {
    const echo = genId();
    const { promise: heard, resolve } = Promise.withResolvers<boolean>();
    this.onEcho = (other) => {
      if (other === echo) resolve(true);
    };
    const giveUp = () => resolve(false);
    const timeout = setTimeout(giveUp, HEAR_ONESELF_MS);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await this.connection.query('select pg_notify($1, $2)', [ECHO_CHANNEL, echo]);
      return await heard;
    } finally {
      clearTimeout(timeout);
      signal.removeEventListener('abort', giveUp);
    }
  }

  private receive(payload: string, channel: string): void {
    if (channel === ECHO_CHANNEL) return this.onEcho?.(payload);
    for (const { isHearing, subscriber } of this.subscriptions) {
      if (isHearing && subscriber.channel === channel) subscriber.onNotification(payload);
    }
    return undefined;
  }
}

/** Resolves when the session has ended, does not answer any more, or is not wanted any more. */
async function untilLost(session: PostgresqlSession, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const unwanted = new Promise<void>((resolve) => {
    // It may have been given up while it was waiting to hear itself.
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true, signal: stop.signal });
  });
  const check = async () => {
    for (;;) {
      await delay(CHECK_EVERY_MS, undefined, { signal: stop.signal });
      const silence = delay(ANSWER_WITHIN_MS, 'silence', { signal: stop.signal });
      const answer = session.query('select 1').then(() => 'answer');
      // Whichever is late may fail, and nobody asks.
      answer.catch(() => undefined);
      silence.catch(() => undefined);
      if ((await Promise.race([answer, silence])) === 'silence') return;
    }
  };
  await Promise.race([session.ended, unwanted, check().catch(() => undefined)]);
  stop.abort();
}
