import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { DIRECT_CONNECTION, type DirectConnection } from '../../database/index.js';
import { directQuery } from '../direct-query.js';
import { HOST_SCOPE, type StoredAuditRow, type StoredCheckpoint } from '../integrity/index.js';

const ROWS_AT_ONCE = 1_000;
/** Each has the ids and hashes of its rows with it. */
const CHECKPOINTS_AT_ONCE = 20;
const MOST_LOST_ROWS = 1_000;

/** The values of an indexed column, each found by one look into the index: the log has many more rows than scopes. */
const valuesOf = (column: string, table: string) => `
  with recursive found(value) as (
    select min(${column}) from ${table}
    union all select (select min(${column}) from ${table} where ${column} > found.value) from found where found.value is not null
  ) select value as scope from found where value is not null`;

/** Every scope that has rows or checkpoints, but for the host, whose rows have no tenant. */
export const SCOPES = [valuesOf('scope', 'sys_audit_checkpoints'), valuesOf('tenant_id', 'sys_audit_logs')] as const;

const ROW_COLUMNS = `id, tenant_id as "tenantId", event_type as "eventType", schema_version as "schemaVersion", outcome,
  actor_user_id as "actorUserId", impersonator_user_id as "impersonatorUserId", target_type as "targetType", target_id as "targetId",
  request_id as "requestId", ip_address as "ipAddress", user_agent as "userAgent", details, created_at as "createdAt", canonical,
  leaf_hash as "leafHash"`;

/** A row as the driver returns it. */
interface RawRow extends Omit<StoredAuditRow, 'createdAt' | 'details'> {
  readonly details: unknown;
  readonly createdAt: Date | number;
}

/** A row that was committed, was never sealed, and is not there. */
export interface LostRow {
  readonly id: string;
  readonly scope: string;
}

/**
 * Reads the log as it is stored, in portions: what is committed when a portion is read. Between two of them the rest of the process has
 * its turn, which SQLite, that answers within one, would not give it.
 */
@Injectable()
export class AuditLogReader {
  constructor(@Inject(DIRECT_CONNECTION) private readonly connection: DirectConnection) {}

  /** Every scope that has rows or checkpoints; the host whether it has or not. */
  async scopes(): Promise<string[]> {
    const scopes = new Set([HOST_SCOPE]);
    for (const sql of SCOPES) for (const { scope } of await this.query<{ scope: string }>(sql)) scopes.add(scope);
    return [...scopes].toSorted();
  }

  /** The checkpoints of a scope, by seq. */
  async *checkpoints(scope: string, afterSeq = 0): AsyncGenerator<StoredCheckpoint> {
    for (let after = afterSeq; ;) {
      const some = await this.query<StoredCheckpoint & { seq: number }>(
        'select seq, body, signature, hash, manifest from sys_audit_checkpoints where scope = ? and seq > ? order by seq limit ?',
        [scope, after, CHECKPOINTS_AT_ONCE],
      );
      yield* some;
      if (some.length < CHECKPOINTS_AT_ONCE) return;
      after = some.at(-1)!.seq;
      await nextTurn();
    }
  }

  /** The rows of a scope, by id. */
  async *rows(scope: string): AsyncGenerator<StoredAuditRow> {
    if (scope === HOST_SCOPE) yield* this.rowsWhere('tenant_id is null', []);
    // For the host too: the library never writes such a tenant, and whoever did wanted the row to be passed over.
    yield* this.rowsWhere('tenant_id = ?', [scope]);
  }

  /** The cut-off of retention as the table states it, which nobody vouches for. */
  async purgedThrough(): Promise<string | null> {
    const [row] = await this.query<{ through: string | null }>('select max(purged_through) as through from sys_audit_purges');
    return row?.through ?? null;
  }

  /** Rows that are to be sealed and are not there. */
  async lostRows(): Promise<LostRow[]> {
    return this.query<LostRow>(
      `select log_id as id, scope from sys_audit_unsealed
       where not exists (select 1 from sys_audit_logs where id = log_id) order by log_id limit ?`,
      [MOST_LOST_ROWS],
    );
  }

  /** Whether any of these rows is still to be sealed. */
  async isAnyWaiting(ids: readonly string[]): Promise<boolean> {
    const marks = ids.map(() => '?').join(', ');
    const waiting = await this.query(`select 1 from sys_audit_unsealed where log_id in (${marks}) limit 1`, ids);
    return waiting.length > 0;
  }

  private async *rowsWhere(condition: string, parameters: readonly unknown[]): AsyncGenerator<StoredAuditRow> {
    const from = `from sys_audit_logs where ${condition}`;
    for (let after: string | undefined; ;) {
      // The first portion has no lower bound: whoever hides a row may have given it the empty text as its id.
      const some: RawRow[] =
        after === undefined
          ? await this.query(`select ${ROW_COLUMNS} ${from} order by id limit ?`, [...parameters, ROWS_AT_ONCE])
          : await this.query(`select ${ROW_COLUMNS} ${from} and id > ? order by id limit ?`, [
              ...parameters,
              after,
              ROWS_AT_ONCE,
            ]);
      for (const row of some) yield toStoredRow(row);
      if (some.length < ROWS_AT_ONCE) return;
      after = some.at(-1)!.id;
      await nextTurn();
    }
  }

  private query<T>(sql: string, parameters?: readonly unknown[]): Promise<T[]> {
    return directQuery<T>(this.connection, sql, parameters);
  }
}

function toStoredRow({ details, createdAt, ...row }: RawRow): StoredAuditRow {
  const parsed = typeof details === 'string' ? parseJson(details) : details;
  return { ...row, details: parsed as StoredAuditRow['details'], createdAt: new Date(createdAt) };
}

/** What is no JSON is no details of a record either, and so is found to differ. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
