import type { AuditDetails, AuditEventType } from '../catalogue/index.js';
import type { AuditOutcome } from '../host-audit-log.entity.js';

/** What happened. */
export type AuditEvent<T extends AuditEventType = AuditEventType> = {
  [K in T]: {
    /** `room.what-happened`, such as `memberships.granted`: one of the catalogue. */
    readonly eventType: K;
    /** The id of what it happened to. */
    readonly targetId?: string;
    /** What kind of thing that is. @default what the event type says */
    readonly targetType?: string;
    /** @default 'success' */
    readonly outcome?: AuditOutcome;
    /** The tenant that it is about; null is the host. @default the tenant of the context */
    readonly tenantId?: string | null;
    /** Who did it. @default the actor of the context */
    readonly actorUserId?: string | null;
  } & (undefined extends AuditDetails<K> ? { readonly details?: AuditDetails<K> } : { readonly details: AuditDetails<K> });
}[T];

/** An event whose type is known at run time only. */
export interface UncheckedAuditEvent {
  readonly eventType: string;
  readonly targetId?: string;
  readonly targetType?: string;
  readonly outcome?: AuditOutcome;
  readonly tenantId?: string | null;
  readonly actorUserId?: string | null;
  readonly details?: unknown;
}
