import type { StripeTime } from '../account/stripe-time.js';
import type { Timeline } from '../account/timeline.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import { DeliveryQueue } from './delivery-queue.js';
import { postWebhook } from './webhook-post.js';
import { webhookSignature } from './webhook-signature.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
/** How long Stripe waits before it tries again: three days in all. */
const RETRY_AFTER_SECONDS = [
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  ...Array.from({ length: 4 }, () => 12 * HOUR),
];

/** An event on its way: what is sent is the text. */
export interface OutgoingEvent {
  readonly id: string;
  readonly type: string;
}

/** One attempt to deliver an event. */
export interface WebhookDelivery {
  readonly eventId: string;
  readonly type: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** What the receiver answered; undefined where it did not. */
  readonly status: number | undefined;
}

/** Webhooks of the fake Stripe: where they go, and what goes wrong on the way. */
export class FakeStripeWebhooks {
  private readonly attempts: WebhookDelivery[] = [];
  private readonly heldEvents: OutgoingEvent[] = [];
  private readonly queue = new DeliveryQueue();
  private mode: 'deliver' | 'drop' | 'hold' = 'deliver';
  private copies = 1;
  private delaySeconds = 0;
  private sequence = 0;

  constructor(
    private readonly time: StripeTime,
    private readonly timeline: Timeline,
    private readonly settings: { url: string | undefined; readonly secrets: readonly string[] },
  ) {}

  /** Every attempt so far, the oldest first. */
  get deliveries(): readonly WebhookDelivery[] {
    return this.attempts;
  }

  /** What `hold()` has kept back, the oldest first. */
  get held(): readonly OutgoingEvent[] {
    return this.heldEvents;
  }

  /** Names the receiver. Without one, events are recorded and not sent. */
  deliverTo(url: string): void {
    this.settings.url = url;
  }

  /** Loses every event from now on, as a receiver does that is away for longer than Stripe tries. */
  drop(): void {
    this.mode = 'drop';
  }

  /** Keeps every event back from now on, until `deliverIn()` or `release()`. */
  hold(): void {
    this.mode = 'hold';
  }

  /** Delivers from now on, once and at once. What is held stays held. */
  deliver(): void {
    this.mode = 'deliver';
    this.copies = 1;
    this.delaySeconds = 0;
  }

  /** Sends each event so many times. */
  duplicate(times: number): void {
    this.copies = times;
  }

  /** Sends each event so much later, by the fake Stripe's clock. */
  delayBy(ms: number): void {
    this.delaySeconds = Math.ceil(ms / 1000);
  }

  /**
   * Delivers held events one after the other, in the order of these positions in `held`; a position may come twice. Those that are not
   * named stay held.
   *
   * @throws FakeStripeRefusedError where nothing is held at a position
   */
  async deliverIn(order: readonly number[]): Promise<void> {
    const events = order.map((position) => {
      const event = this.heldEvents[position];
      if (!event) throw new FakeStripeRefusedError(`No event is held at ${position}; ${this.heldEvents.length} are.`);
      return event;
    });
    for (const event of new Set(events)) this.heldEvents.splice(this.heldEvents.indexOf(event), 1);
    for (const event of events) await this.attempt(event, 1);
  }

  /** Delivers what is held, in the order in which it happened, and goes on to deliver. */
  async release(): Promise<void> {
    await this.deliverIn(this.heldEvents.map((_, position) => position));
    this.deliver();
  }

  /** Sends an event once more, as the button in Stripe's dashboard does. */
  async resend(event: OutgoingEvent): Promise<void> {
    await this.attempt(event, 1);
  }

  /** Waits until nothing is on its way. Retries that time has yet to bring do not count. */
  idle(): Promise<void> {
    return this.queue.idle();
  }

  /** @internal */
  take(event: OutgoingEvent): void {
    if (this.mode === 'drop' || this.settings.url === undefined) return;
    if (this.mode === 'hold') {
      this.heldEvents.push(event);
      return;
    }
    for (let copy = 0; copy < this.copies; copy += 1) this.send(event);
  }

  /** @internal */
  stop(): Promise<void> {
    return this.queue.stop();
  }

  private send(event: OutgoingEvent): void {
    if (this.delaySeconds === 0) this.queue.add(() => this.attempt(event, 1));
    else this.later(event, { attempt: 1, afterSeconds: this.delaySeconds });
  }

  private async attempt(event: OutgoingEvent, attempt: number): Promise<void> {
    const { url, secrets } = this.settings;
    if (url === undefined) return;
    const payload = JSON.stringify(event);
    const signature = webhookSignature(payload, { secrets, timestamp: this.time.receiversNow });
    const status = await postWebhook(url, { payload, signature }).catch(() => undefined);
    this.attempts.push({ eventId: event.id, type: event.type, attempt, status });
    const afterSeconds = RETRY_AFTER_SECONDS[attempt - 1];
    if (isTaken(status) || afterSeconds === undefined) return;
    this.later(event, { attempt: attempt + 1, afterSeconds });
  }

  private later(
    event: OutgoingEvent,
    { attempt, afterSeconds }: { readonly attempt: number; readonly afterSeconds: number },
  ): void {
    this.sequence += 1;
    this.timeline.plan(`webhook:${this.sequence}`, this.time.now + afterSeconds, () => {
      this.queue.add(() => this.attempt(event, attempt));
    });
  }
}

function isTaken(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}
