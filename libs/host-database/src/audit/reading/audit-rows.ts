import { Inject, Injectable } from '@nestjs/common';
import { Clock, SystemClock } from '../../common/index.js';
import { DIRECT_CONNECTION, type DirectConnection, UnitOfWork } from '../../database/index.js';
import type { CheckedAuditFilter } from './audit-filter.js';
import {
  type AuditQuery,
  type AuditRange,
  auditColumns,
  type BoundedAuditFilter,
  boundedByTime,
  type RawAuditRow,
  SELECT_EVENT_TYPES,
  selectCount,
  selectRange,
} from './audit-query.js';
import { bulkQuery } from '../direct-query.js';
import type { AuditRow } from '../recording/audit-row.factory.js';

/** A row as it is stored. */
export type StoredAuditLog = AuditRow;

const ALL_BEHIND_DOT = '.*';

/** Reads stored rows, in the caller's unit of work. */
@Injectable()
export class AuditRows {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(DIRECT_CONNECTION) private readonly connection: DirectConnection,
    private readonly clock: Clock,
  ) {}

  /** Returns a range of the rows of a filter. */
  async find(filter: CheckedAuditFilter, range: AuditRange): Promise<StoredAuditLog[]> {
    const known = await this.withKnownEventTypes(filter);
    if (known.eventTypes?.length === 0) return [];
    return (await this.execute<RawAuditRow>(selectRange(this.connection.type, this.bounded(known), range))).map(toStored);
  }

  /**
   * As {@link find}, outside of the caller's unit of work, for whoever reads the whole log: it leaves little behind that waits for a
   * garbage collection. On SQLite its statement is prepared once; one for each batch would keep memory that V8 does not know of. The event
   * types of the filter are taken as they are: see {@link withKnownEventTypes}.
   */
  async findBatch(filter: CheckedAuditFilter, range: AuditRange): Promise<StoredAuditLog[]> {
    if (filter.eventTypes?.length === 0) return [];
    const { sql, parameters } = selectRange(this.connection.type, this.bounded(filter), range);
    return (await bulkQuery<RawAuditRow>(this.connection, sql, parameters)).map(toStored);
  }

  async count(filter: CheckedAuditFilter): Promise<number> {
    const known = await this.withKnownEventTypes(filter);
    if (known.eventTypes?.length === 0) return 0;
    const [row] = await this.execute<{ count: number | string }>(selectCount(this.connection.type, this.bounded(known)));
    return Number(row?.count);
  }

  /** Returns the rows with these ids, by id; those that are gone are not in it. */
  async findByIds(ids: readonly string[]): Promise<Map<string, StoredAuditLog>> {
    if (ids.length === 0) return new Map();
    const columns = auditColumns[this.connection.type];
    const sql = `select ${columns} from sys_audit_logs where id in (${ids.map(() => '?').join(', ')})`;
    const rows = await this.execute<RawAuditRow>({ sql, parameters: ids });
    return new Map(rows.map((row) => [row.id, toStored(row)]));
  }

  /** The largest id of the log; undefined where it is empty. */
  async lastId(): Promise<string | undefined> {
    const [row] = await this.execute<{ id: string }>({
      sql: 'select id from sys_audit_logs order by id desc limit 1',
      parameters: [],
    });
    return row?.id;
  }

  /** With `projects.*` as the event types that there are: what the index has in the order of ids is one event type. */
  async withKnownEventTypes(filter: CheckedAuditFilter): Promise<CheckedAuditFilter> {
    const { eventTypes } = filter;
    if (!eventTypes?.some((type) => type.endsWith(ALL_BEHIND_DOT))) return filter;
    const known = await this.execute<{ event_type: string }>({ sql: SELECT_EVENT_TYPES, parameters: [] });
    const matching = eventTypes.flatMap((type) => {
      if (!type.endsWith(ALL_BEHIND_DOT)) return [type];
      const prefix = type.slice(0, -1);
      return known.filter(({ event_type: name }) => name.startsWith(prefix)).map(({ event_type: name }) => name);
    });
    return { ...filter, eventTypes: [...new Set(matching)] };
  }

  /** Times by another clock say nothing of ids, which are made by the machine's. */
  private bounded(filter: CheckedAuditFilter): BoundedAuditFilter {
    return this.clock instanceof SystemClock ? boundedByTime(filter) : filter;
  }

  private async execute<T extends object>({ sql, parameters }: AuditQuery): Promise<T[]> {
    return this.unitOfWork.em.execute(sql, [...parameters]);
  }
}

function toStored(row: RawAuditRow): StoredAuditLog {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    eventType: row.event_type,
    schemaVersion: row.schema_version,
    outcome: row.outcome,
    actorUserId: row.actor_user_id,
    impersonatorUserId: row.impersonator_user_id,
    targetType: row.target_type,
    targetId: row.target_id,
    requestId: row.request_id,
    ipAddress: row.ip_address,
    userAgent: row.user_agent,
    details: row.details === null ? null : (JSON.parse(row.details) as Record<string, unknown>),
    createdAt: new Date(Number(row.created_at)),
    canonical: row.canonical,
    leafHash: row.leaf_hash,
  };
}
