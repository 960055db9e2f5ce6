import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DIRECT_CONNECTION, type DirectConnection, UnitOfWork } from '../../database/index.js';
import type { AuditRow } from './audit-row.factory.js';

const COLUMNS = [
  'id',
  'tenant_id',
  'event_type',
  'schema_version',
  'outcome',
  'actor_user_id',
  'impersonator_user_id',
  'target_type',
  'target_id',
  'request_id',
  'ip_address',
  'user_agent',
  'details',
  'created_at',
  'canonical',
  'leaf_hash',
] as const;

const insertWith = (placeholder: (index: number) => string) =>
  `insert into sys_audit_logs (${COLUMNS.join(', ')}) values (${COLUMNS.map((_, index) => placeholder(index + 1)).join(', ')})`;
const INSERT = { postgresql: insertWith((index) => `$${index}`), sqlite: insertWith(() => '?') };

/** Writes rows on a connection of its own, so that they stay whatever becomes of the caller's transaction. */
@Injectable()
export class DetachedAuditWriter implements OnApplicationShutdown {
  private readonly logger = new Logger('Audit');
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    @Inject(DIRECT_CONNECTION) private readonly connection: DirectConnection,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Resolves when the row is committed. On SQLite, where one transaction writes at a time, it is written as soon as the caller's own
   * has ended, and this resolves before.
   */
  async write(row: AuditRow): Promise<void> {
    const writing = this.insert(row);
    if (this.connection.type === 'postgresql' || !this.unitOfWork.isInTransaction) return writing;
    const tracked = writing
      .catch((error: unknown) => this.logger.error(`${row.eventType} could not be recorded: ${String(error)}`))
      .finally(() => this.underWay.delete(tracked));
    this.underWay.add(tracked);
  }

  /** Resolves when what waits for the end of a transaction is written. */
  async settled(): Promise<void> {
    await Promise.all(this.underWay);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.settled();
  }

  private async insert(row: AuditRow): Promise<void> {
    const { connection } = this;
    if (connection.type === 'postgresql') {
      await connection.query(INSERT.postgresql, valuesOf(row, row.createdAt.toISOString()));
    } else {
      // Never awaited inside a transaction: see write().
      await connection.exclusiveInTurn((db) => void db.prepare(INSERT.sqlite).run(...valuesOf(row, row.createdAt.getTime())));
    }
  }
}

function valuesOf(row: AuditRow, createdAt: string | number): unknown[] {
  const details = row.details === null ? null : JSON.stringify(row.details);
  return [
    row.id,
    row.tenantId,
    row.eventType,
    row.schemaVersion,
    row.outcome,
    row.actorUserId,
    row.impersonatorUserId,
    row.targetType,
    row.targetId,
    row.requestId,
    row.ipAddress,
    row.userAgent,
    details,
    createdAt,
    row.canonical,
    row.leafHash,
  ];
}
