import { stripeId } from '../account/ids.js';
import type { SnapshotEvent, ThinEvent } from '../account/objects.js';
import type { StripeTime } from '../account/stripe-time.js';
import { thinTypes } from './thin-types.js';

const RETRIEVABLE_FOR_SECONDS = 30 * 86_400;

/** The request that is being answered, which its events name. */
export interface EventCause {
  readonly id: string;
  readonly idempotencyKey: string | null;
}

/** An object that events are about. */
export interface EventSubject {
  /** None where there is no such object yet: an invoice to come. */
  readonly id?: string;
  readonly object: string;
}

/** Everything that has happened, and those who hear of it. */
export class EventLog {
  private readonly snapshots: SnapshotEvent[] = [];
  private readonly thin: ThinEvent[] = [];
  private readonly listeners: ((event: SnapshotEvent | ThinEvent) => void)[] = [];
  /** What the next events are caused by; null for what time brings. */
  cause: EventCause | null = null;

  constructor(
    private readonly time: StripeTime,
    private readonly settings: { readonly apiVersion: string; readonly thinEvents: boolean },
  ) {}

  onEvent(listener: (event: SnapshotEvent | ThinEvent) => void): void {
    this.listeners.push(listener);
  }

  /** Records that something has happened to an object, as it now is. */
  emit(type: SnapshotEvent['type'], object: EventSubject, previous?: Record<string, unknown>): void {
    const event: SnapshotEvent = {
      id: stripeId('evt'),
      object: 'event',
      api_version: this.settings.apiVersion,
      created: this.time.now,
      data: { object: structuredClone(object), ...(previous && { previous_attributes: previous }) },
      livemode: false,
      pending_webhooks: 1,
      request: { id: this.cause?.id ?? null, idempotency_key: this.cause?.idempotencyKey ?? null },
      type,
    };
    this.snapshots.push(event);
    this.tell(event);
    const { id } = object;
    if (!this.settings.thinEvents || id === undefined) return;
    for (const thin of this.thinOf(event, { ...object, id })) this.tell(thin);
  }

  /** Events that can still be had, the newest first. */
  retrievable(): SnapshotEvent[] {
    const since = this.time.now - RETRIEVABLE_FOR_SECONDS;
    return this.snapshots.filter((event) => event.created >= since).toReversed();
  }

  retrievableThin(): ThinEvent[] {
    const since = (this.time.now - RETRIEVABLE_FOR_SECONDS) * 1000;
    return this.thin.filter((event) => Date.parse(event.created) >= since).toReversed();
  }

  /** Any event there ever was. */
  find(id: string): SnapshotEvent | ThinEvent | undefined {
    return this.snapshots.find((event) => event.id === id) ?? this.thin.find((event) => event.id === id);
  }

  private thinOf(event: SnapshotEvent, subject: Required<EventSubject>): ThinEvent[] {
    const made = thinTypes(event).map(({ type, url }) => ({
      id: stripeId('evt'),
      object: 'v2.core.event' as const,
      type,
      created: new Date(event.created * 1000).toISOString(),
      livemode: false as const,
      context: null,
      reason: this.cause && {
        type: 'request' as const,
        request: { id: this.cause.id, idempotency_key: this.cause.idempotencyKey },
      },
      related_object: { id: subject.id, type: subject.object, url: `${url}/${subject.id}` },
      snapshot_event: event.id,
    }));
    this.thin.push(...made);
    return made;
  }

  private tell(event: SnapshotEvent | ThinEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}
