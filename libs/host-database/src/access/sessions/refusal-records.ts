import { Injectable } from '@nestjs/common';
import { type AuditEvent, type AuditEventType, AuditService } from '../../audit/index.js';
import { Clock } from '../../common/index.js';

const ONCE_IN_MS = 60_000;
const MAX_KEYS = 10_000;

/**
 * Records what was refused, where it stays whatever becomes of the caller's transaction. The same is recorded once a minute: who has a
 * stale cookie asks again and again, and who guesses must not fill the log.
 */
@Injectable()
export class RefusalRecords {
  private readonly recordedAt = new Map<string, number>();

  constructor(
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** @param key what counts as the same, of this type of event */
  async record<T extends AuditEventType>(event: AuditEvent<T>, key: string): Promise<void> {
    const now = this.clock.now().getTime();
    const name = `${event.eventType} ${key}`;
    const before = this.recordedAt.get(name);
    if (before !== undefined && now < before + ONCE_IN_MS) return;
    this.recordedAt.delete(name);
    this.recordedAt.set(name, now);
    if (this.recordedAt.size > MAX_KEYS) this.recordedAt.delete(this.recordedAt.keys().next().value!);
    await this.audit.recordDetached<T>({ ...event, outcome: 'denied' });
  }
}
