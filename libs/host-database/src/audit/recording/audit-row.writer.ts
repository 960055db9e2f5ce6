import type { SqlEntityManager } from '@mikro-orm/sql';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import {
  DATABASE_OPTIONS,
  type DatabaseModuleOptions,
  DIRECT_CONNECTION,
  type DirectConnection,
  UnitOfWork,
} from '../../database/index.js';
import type { AuditRow } from './audit-row.factory.js';
import { insertMissingOnPostgresql, insertMissingOnSqlite, insertOf, preparedInsertOf, type RowInsert } from './audit-row.sql.js';

/** Appends rows: in the caller's transaction, or on a connection of its own, where they stay whatever becomes of that. */
@Injectable()
export class AuditRowWriter implements OnApplicationShutdown {
  private readonly logger = new Logger('Audit');
  /** Rows of transactions that have not ended yet. */
  private readonly waiting = new Set<AuditRow>();
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    @Inject(DIRECT_CONNECTION) private readonly connection: DirectConnection,
    private readonly unitOfWork: UnitOfWork,
    @Inject(DATABASE_OPTIONS) private readonly options: DatabaseModuleOptions,
  ) {}

  /**
   * Appends in the transaction of `em`. At once, and not with the next flush: who clears the unit of work before it would lose the row, and
   * keep what was written by SQL. As a statement, which takes half as long as MikroORM's insert.
   */
  async write(row: AuditRow, em: SqlEntityManager): Promise<void> {
    const { sql, values } = this.insertOf(row);
    await em.execute(sql, values);
  }

  /**
   * Resolves when the row is committed. On SQLite, where one transaction writes at a time, it is written as soon as the caller's own
   * has ended, and this resolves before.
   */
  async writeDetached(row: AuditRow): Promise<void> {
    if (this.connection.type === 'postgresql' || !this.unitOfWork.transactionEm) return this.insert(row);
    // Not before, however long that takes: who tries for the lock meanwhile gives up some time, and keeps others from it.
    this.waiting.add(row);
    this.unitOfWork.afterEnd(() => this.writeWaiting(row));
  }

  /**
   * Appends the rows that are not there yet, all of them or none, on a connection of its own. Resolves when they are committed; not to be
   * awaited inside a transaction.
   */
  async appendMissing(rows: readonly AuditRow[]): Promise<void> {
    if (rows.length === 0) return;
    const { connection } = this;
    if (connection.type === 'postgresql') {
      const { sql, values } = insertMissingOnPostgresql(rows);
      await connection.query(sql, values);
      return;
    }
    await connection.exclusiveInTurn((db) => {
      for (const row of rows) {
        const { sql, values } = insertMissingOnSqlite(row);
        db.prepare(sql).run(...values);
      }
    });
  }

  /** Writes what waits for the end of a transaction, which may never come now. */
  async onApplicationShutdown(): Promise<void> {
    for (const row of this.waiting) this.writeWaiting(row);
    await Promise.all(this.underWay);
  }

  private writeWaiting(row: AuditRow): void {
    if (!this.waiting.delete(row)) return;
    const writing = this.insert(row)
      .catch((error: unknown) => this.logger.error(`${row.eventType} could not be recorded: ${String(error)}`))
      .finally(() => this.underWay.delete(writing));
    this.underWay.add(writing);
  }

  private async insert(row: AuditRow): Promise<void> {
    const { connection } = this;
    if (connection.type === 'postgresql') {
      const { sql, values } = this.insertOf(row, (index) => `$${index}`);
      await connection.query(sql, values);
    } else {
      // Never awaited inside a transaction: see writeDetached().
      const { sql, values } = this.insertOf(row);
      await connection.exclusiveInTurn((db) => void db.prepare(sql).run(...values));
    }
  }
  private insertOf(row: AuditRow, placeholder?: (index: number) => string): RowInsert {
    const { createdAt } = row;
    if (this.connection.type === 'sqlite') return insertOf(row, createdAt.getTime());
    const { preparedStatements = true } = this.options.database;
    return preparedStatements ? preparedInsertOf(row) : insertOf(row, createdAt.toISOString(), placeholder);
  }
}
