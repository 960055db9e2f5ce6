import { assertText } from '../../common/index.js';
import type { AuditEntry } from './audit-entries.js';

/** What a row says beside the attributes of its envelope. */
export type AuditCloudEventData = Omit<AuditEntry, 'id' | 'eventType' | 'createdAt'>;

/**
 * A row as a CloudEvent in JSON. `source` and `id` together are unique, so that whoever gets it twice can tell.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export interface AuditCloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: string;
  readonly source: string;
  /** The id of what it happened to, where there is one. */
  readonly subject?: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: AuditCloudEventData;
}

/** Where events come from. */
export interface CloudEventOptions {
  /** A URI reference of this installation: `https://app.example.com/audit`, `/audit`. */
  readonly source: string;
}

/**
 * Puts an entry into a CloudEvents 1.0 envelope.
 *
 * @throws InvalidInputError without a source
 */
export function toCloudEvent({ id, eventType, createdAt, ...data }: AuditEntry, { source }: CloudEventOptions): AuditCloudEvent {
  return {
    specversion: '1.0',
    id,
    type: eventType,
    source: assertText(source, 'source'),
    // The attribute must not be empty, and is left out instead.
    ...(data.targetId !== null && data.targetId !== '' && { subject: data.targetId }),
    time: createdAt.toISOString(),
    datacontenttype: 'application/json',
    data,
  };
}
