import type { DatabaseType } from '../../database/index.js';
import { ID_LEAD_MS } from '../../common/index.js';
import { firstIdOf } from '../retention/id-ranges.js';
import type { AuditOrder, CheckedAuditFilter } from './audit-filter.js';

/** A statement with `?` for its parameters. */
export interface AuditQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Which rows of a filter: those after an id, in an order, as many. */
export interface AuditRange {
  readonly order: AuditOrder;
  readonly limit: number;
  /** The id after which they begin, in that order. */
  readonly after?: string;
  /** The largest id. */
  readonly upTo?: string;
}

/** Which ids the rows of a filter can have. */
interface IdBounds {
  readonly atLeast?: string;
  readonly below?: string;
}

/** What an index gives the rows of. */
export type BoundedAuditFilter = CheckedAuditFilter & { readonly ids?: IdBounds };

/** A row as {@link auditColumns} select it. */
export interface RawAuditRow {
  readonly id: string;
  readonly tenant_id: string | null;
  readonly actor_user_id: string | null;
  readonly impersonator_user_id: string | null;
  readonly event_type: string;
  readonly schema_version: number;
  readonly outcome: 'success' | 'failure' | 'denied';
  readonly target_type: string | null;
  readonly target_id: string | null;
  readonly request_id: string | null;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly details: string | null;
  readonly created_at: number | string;
  readonly canonical: string;
  readonly leaf_hash: string;
}

/** More than so many event types are one condition, and no longer a look into the index for each. */
const MOST_BRANCHES = 100;

/** A clock may be set between the time of a row and its id. */
const MARGIN_MS = ID_LEAD_MS;

/**
 * Bounds the ids by the times of the filter, so that an index gives no others. For a log whose times are those of the machine's clock, as its
 * ids are: an id is made right after the time of its row, and is ahead of it by no more than `ID_LEAD_MS`.
 */
export function boundedByTime(filter: CheckedAuditFilter): BoundedAuditFilter {
  const { from, to } = filter;
  if (!from && !to) return filter;
  const ids = {
    ...(from && { atLeast: firstIdOf(new Date(from.getTime() - MARGIN_MS)) }),
    ...(to && { below: firstIdOf(new Date(to.getTime() + ID_LEAD_MS + MARGIN_MS)) }),
  };
  return { ...filter, ids };
}

const PLAIN_COLUMNS =
  'id, tenant_id, actor_user_id, impersonator_user_id, event_type, schema_version, outcome, target_type, target_id, ' +
  'request_id, ip_address, user_agent, canonical, leaf_hash';

/** Details as text and times as milliseconds, on either dialect. */
export const auditColumns: Readonly<Record<DatabaseType, string>> = {
  postgresql: `${PLAIN_COLUMNS}, details::text as details, (extract(epoch from created_at) * 1000)::bigint as created_at`,
  sqlite: `${PLAIN_COLUMNS}, details, created_at`,
};

/**
 * Selects a range of the rows of a filter. Each is read from an index in the order of ids, so that a page costs what it holds: several
 * event types, which no index has in that order together, are each read on their own, as many as the page holds, and then merged.
 *
 * Times narrow what the index gives and do not choose it, for an index of its own would cost every transaction one more entry. Bounds of
 * the ids do: see {@link boundedByTime}.
 */
export function selectRange(type: DatabaseType, filter: BoundedAuditFilter, range: AuditRange): AuditQuery {
  const { eventTypes } = filter;
  const separately = eventTypes !== undefined && eventTypes.length > 1 && eventTypes.length <= MOST_BRANCHES;
  const branches = separately
    ? eventTypes.map((eventType) => selectOrdered(type, { ...filter, eventTypes: [eventType] }, range))
    : [selectOrdered(type, filter, range)];
  if (branches.length === 1) return branches[0]!;
  const sql = branches.map((branch, index) => `select * from (${branch.sql}) as branch_${index}`).join(' union all ');
  return {
    sql: `${sql} order by id ${directionOf(range)} limit ${range.limit}`,
    parameters: branches.flatMap(({ parameters }) => parameters),
  };
}

/** Counts the rows of a filter. */
export function selectCount(type: DatabaseType, filter: BoundedAuditFilter): AuditQuery {
  const { sql, parameters } = whereOf(type, filter);
  return { sql: `select count(*) as count from sys_audit_logs ${sql}`, parameters };
}

/** Selects every event type that was ever recorded: one look into the index for each, and not for each row. */
export const SELECT_EVENT_TYPES = `
  with recursive known(event_type) as (
    select (select cast(event_type as text) from sys_audit_logs order by event_type limit 1)
    union all
    select (select cast(log.event_type as text) from sys_audit_logs as log where log.event_type > known.event_type
      order by log.event_type limit 1)
    from known where known.event_type is not null
  )
  select event_type from known where event_type is not null`;

function selectOrdered(type: DatabaseType, filter: BoundedAuditFilter, range: AuditRange): AuditQuery {
  const { sql, parameters } = whereOf(type, filter, range);
  const direction = directionOf(range);
  // PostgreSQL does not see that `tenant_id is null` leaves the index of tenants in the order of ids, unless it is asked for both.
  const isHostOnly = filter.scope === 'host' && !filter.actorUserId && !filter.targetId && !filter.eventTypes;
  const order = isHostOnly ? `tenant_id ${direction}, id ${direction}` : `id ${direction}`;
  return { sql: `select ${auditColumns[type]} from sys_audit_logs ${sql} order by ${order} limit ${range.limit}`, parameters };
}

function whereOf(type: DatabaseType, filter: BoundedAuditFilter, range?: AuditRange): AuditQuery {
  const { scope, actorUserId, targetId, eventTypes, outcome, from, to } = filter;
  const conditions: string[] = [];
  const parameters: unknown[] = [];
  const add = (condition: string, ...values: readonly unknown[]) => {
    conditions.push(condition);
    parameters.push(...values);
  };
  const time = (moment: Date) => (type === 'sqlite' ? moment.getTime() : moment.toISOString());
  if (scope === 'host') add('tenant_id is null');
  else if (scope !== 'all') add('tenant_id = ?', scope);
  if (actorUserId !== undefined) add('actor_user_id = ?', actorUserId);
  if (targetId !== undefined) add('target_id = ?', targetId);
  if (eventTypes?.length === 1) add('event_type = ?', ...eventTypes);
  else if (eventTypes) add(`event_type in (${eventTypes.map(() => '?').join(', ')})`, ...eventTypes);
  if (outcome !== undefined) add('outcome = ?', outcome);
  if (from) add('created_at >= ?', time(from));
  if (to) add('created_at < ?', time(to));
  for (const { id, sign } of idConditions(filter.ids, range)) add(`id ${sign} ?`, id);
  return { sql: conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`, parameters };
}

interface IdCondition {
  readonly id: string;
  readonly sign: '>=' | '>' | '<' | '<=';
}

/** One lower and one upper bound at most: of two, SQLite would look for either, and read what is between them. */
function idConditions({ atLeast, below }: IdBounds = {}, range?: AuditRange): IdCondition[] {
  const lower: IdCondition[] = [];
  const upper: IdCondition[] = [];
  if (atLeast !== undefined) lower.push({ id: atLeast, sign: '>=' });
  if (below !== undefined) upper.push({ id: below, sign: '<' });
  if (range?.after !== undefined) {
    if (range.order === 'newest') upper.push({ id: range.after, sign: '<' });
    else lower.push({ id: range.after, sign: '>' });
  }
  if (range?.upTo !== undefined) upper.push({ id: range.upTo, sign: '<=' });
  // Sorting is stable: where two have the same id, it is the one without it.
  const byId = (one: IdCondition, other: IdCondition) => (one.id === other.id ? 0 : one.id < other.id ? -1 : 1);
  return [...lower.toSorted(byId).slice(-1), ...upper.toSorted(byId).slice(0, 1)];
}

function directionOf({ order }: AuditRange): 'asc' | 'desc' {
  return order === 'newest' ? 'desc' : 'asc';
}
