import { Injectable } from '@nestjs/common';
import { assertInt32, assertJson, assertText, Clock } from '../common/index.js';
import { ContextService } from '../context/index.js';
import { UnitOfWork } from '../database/index.js';
import { InvalidAuditEventTypeError } from './audit.errors.js';
import { HostAuditLog } from './host-audit-log.entity.js';

const EVENT_TYPE_PATTERN = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;
const EVENT_TYPE_MAX_LENGTH = 127;

/** What happened. */
export interface AuditEvent {
  /** `room.what-happened`, such as `memberships.granted`. */
  readonly eventType: string;
  /** The id of what it happened to. */
  readonly targetId?: string;
  /** Facts as plain JSON. Never put a secret here. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Which rows to read. */
export interface AuditQuery {
  readonly limit?: number;
}

/** The security log of the host: who did what to which thing, from where. */
@Injectable()
export class AuditService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly context: ContextService,
    private readonly clock: Clock,
  ) {}

  /**
   * Appends a row in the caller's transaction: what is recorded and the change it records commit or vanish together. Actor and
   * address come from the context.
   *
   * @throws InvalidAuditEventTypeError, InvalidInputError
   */
  async record({ eventType, targetId, details }: AuditEvent): Promise<HostAuditLog> {
    return this.unitOfWork.transactional(async (em) => {
      if (!EVENT_TYPE_PATTERN.test(eventType) || eventType.length > EVENT_TYPE_MAX_LENGTH) {
        throw new InvalidAuditEventTypeError(eventType);
      }
      const { actorUserId, ipAddress } = this.context.current;
      const row = em.create(HostAuditLog, {
        actorUserId: actorUserId ?? null,
        eventType,
        targetId: targetId === undefined ? null : assertText(targetId, 'targetId'),
        details: details === undefined ? null : assertJson(details, 'details'),
        ipAddress: ipAddress ?? null,
        createdAt: this.clock.now(),
      });
      await em.flush();
      return row;
    });
  }

  /** Returns what happened to one thing, the newest first. */
  async findByTarget(targetId: string, { limit = 100 }: AuditQuery = {}): Promise<HostAuditLog[]> {
    assertInt32(limit, 'limit', 1);
    return this.unitOfWork.em.find(
      HostAuditLog,
      { targetId: assertText(targetId, 'targetId') },
      { orderBy: { createdAt: 'desc', id: 'desc' }, limit },
    );
  }
}
