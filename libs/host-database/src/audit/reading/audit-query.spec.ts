import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { explain, type QueryPlan } from '../../../test/jobs/query-plan.js';
import { ID_LEAD_MS } from '../../common/index.js';
import { DIRECT_CONNECTION, type PostgresqlDirectConnection } from '../../database/index.js';
import { createTestHost, type TestHost } from '../../testing/index.js';
import { checkAuditFilter, type AuditFilter } from './audit-filter.js';
import { boundedByTime, SELECT_EVENT_TYPES, selectCount, selectRange } from './audit-query.js';
import { instantOf } from '../retention/id-ranges.js';

const ROWS = 120_000;
const TENANTS = 400;
const ACTORS = 500;
const TARGETS = 2_000;
const TYPES = 200;
const LIMIT = 101;

const idOf = (index: number) => index.toString(16).padStart(32, '0');
const [tenant, actor, target, type] = [idOf(7), idOf(11), idOf(13), 'room-3.happened'];

interface Case {
  readonly filter: AuditFilter;
  /** What the names of the indexes of the partitions have in common. */
  readonly index: RegExp;
  /** How many rows may be read for nothing. */
  readonly maxDiscarded?: number;
}

const CASES: Record<string, Case> = {
  everything: { filter: { scope: 'all' }, index: /pkey/ },
  'the host': { filter: { scope: 'host' }, index: /tenant_id_id/ },
  'a tenant': { filter: { scope: tenant }, index: /tenant_id_id/ },
  'an actor': { filter: { scope: 'all', actorUserId: actor }, index: /actor_user_id_id/ },
  'a target': { filter: { scope: 'all', targetId: target }, index: /target_id_id/ },
  'an event type': { filter: { scope: 'all', eventType: type }, index: /event_type_id/ },
  'several event types': { filter: { scope: 'all', eventType: [type, 'room-4.happened'] }, index: /event_type_id/ },
  // The rows of the rarer of the two are read until the page is full: 600 have the type, 300 the tenant.
  'an event type of a tenant': {
    filter: { scope: tenant, eventType: 'room-7.happened' },
    index: /tenant_id_id|event_type_id/,
    maxDiscarded: 600,
  },
  'an actor in a tenant': {
    filter: { scope: tenant, actorUserId: actor },
    index: /actor_user_id_id|tenant_id_id/,
    maxDiscarded: 300,
  },
  // The index of tenants gives the rows of the tenant, and the time is looked at: never the rows of others.
  'a time of a tenant': {
    filter: { scope: tenant, from: new Date('2100-01-01') },
    index: /tenant_id_id/,
    maxDiscarded: 3_000,
  },
};

// How a dialect reads is its own: SQLite follows below.
describe('the plans of PostgreSQL for a log with rows', () => {
  let host: TestHost;
  let connection: PostgresqlDirectConnection;
  let partition: string;

  beforeAll(async () => {
    host = await createTestHost({ database: 'postgresql' });
    connection = host.get<PostgresqlDirectConnection>(DIRECT_CONNECTION);
    await host.run(() => host.hostDatabase.em.execute(fillPostgresql));
    await host.run(() => host.hostDatabase.em.execute('analyze sys_audit_logs'));
    const [row] = await connection.query<{ name: string }>('select tableoid::regclass::text as name from sys_audit_logs limit 1');
    partition = row!.name;
  }, 120_000);
  afterAll(async () => {
    await host.close();
  });

  const planOf = (sql: string, parameters: readonly unknown[]): Promise<QueryPlan> => {
    let count = 0;
    return connection.transaction((query) =>
      explain(
        query,
        sql.replaceAll('?', () => `$${++count}`),
        parameters,
      ),
    );
  };

  describe.each(['newest', 'oldest'] as const)('%s', (order) => {
    it.each(Object.keys(CASES))('%s', async (name) => {
      const { filter, index, maxDiscarded = 0 } = CASES[name]!;
      // In the midst of the log.
      const [middle] = await connection.query<{ id: string }>('select id from sys_audit_logs order by id offset $1 limit 1', [
        ROWS / 2,
      ]);
      const { sql, parameters } = selectRange('postgresql', checkAuditFilter(filter), { order, limit: LIMIT, after: middle!.id });

      const plan = await planOf(sql, parameters);

      // Those of the months to come are empty, and reading them costs nothing.
      expect(plan.scannedTables).not.toContain(partition);
      const used = [...plan.indexes].filter((each) => each.startsWith(partition));
      expect(used.length).toBeGreaterThan(0);
      expect(used.filter((each) => !index.test(each))).toEqual([]);
      expect(plan.discardedRows).toBeLessThanOrEqual(maxDiscarded);
      // A row is a page at most, and each of the partitions has its index to look into.
      expect(plan.buffers).toBeLessThanOrEqual(2 * LIMIT + 200 + maxDiscarded);
    });
  });

  // A minute after a time and two, and one before it, are read as well: see boundedByTime().
  it.each(['newest', 'oldest'] as const)(
    'reads %s rows of a time alone by a range of ids, and not those of other times',
    async (order) => {
      const [last] = await connection.query<{ id: string }>('select max(id) as id from sys_audit_logs');
      const before = new Date(instantOf(last!.id).getTime() - 600_000);
      const filter = boundedByTime(checkAuditFilter({ scope: 'all', from: before, to: new Date(before.getTime() + 1_000) }));
      const queries = [selectRange('postgresql', filter, { order, limit: LIMIT }), selectCount('postgresql', filter)];

      for (const { sql, parameters } of queries) {
        const plan = await planOf(sql, parameters);
        expect(plan.scannedTables).not.toContain(partition);
        expect(plan.discardedRows).toBeLessThanOrEqual(0);
        expect(plan.buffers).toBeLessThanOrEqual(200);
      }
    },
  );

  it('looks once into the index for each event type', async () => {
    const plan = await planOf(SELECT_EVENT_TYPES, []);

    // Those of the months to come are empty, and reading them costs nothing.
    expect(plan.scannedTables).not.toContain(partition);
    expect(plan.buffers).toBeLessThanOrEqual((TYPES + 2) * 14 * 4);
  });
});

describe('the plans of SQLite', () => {
  let host: TestHost;

  beforeAll(async () => {
    host = await createTestHost();
  });
  afterAll(async () => {
    await host.close();
  });

  it.each(['newest', 'oldest'] as const)('%s of a time alone: a range of ids', async (order) => {
    const filter = boundedByTime(checkAuditFilter({ scope: 'all', from: new Date(0), to: new Date(1) }));
    for (const { sql, parameters } of [selectRange('sqlite', filter, { order, limit: LIMIT }), selectCount('sqlite', filter)]) {
      const plan: { detail: string }[] = await host.run(() =>
        host.hostDatabase.em.execute(`explain query plan ${sql}`, [...parameters]),
      );
      expect(plan.map(({ detail }) => detail)).toEqual(['SEARCH sys_audit_logs USING PRIMARY KEY (id>? AND id<?)']);
    }
  });

  it.each(Object.keys(CASES))('%s', async (name) => {
    const { filter } = CASES[name]!;
    const { sql, parameters } = selectRange('sqlite', checkAuditFilter(filter), { order: 'newest', limit: LIMIT, after: tenant });

    const plan: { detail: string }[] = await host.run(() =>
      host.hostDatabase.em.execute(`explain query plan ${sql}`, [...parameters]),
    );

    const steps = plan.map(({ detail }) => detail).filter((detail) => detail.includes('sys_audit_logs'));
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) expect(step).toMatch(/^SEARCH sys_audit_logs USING (?:INDEX|PRIMARY KEY)/);
  });
});

describe('the bounds of a time', () => {
  const [from, to] = [new Date('2026-01-02T03:04:05.678Z'), new Date('2026-01-02T04:00:00.000Z')];
  const boundsOf = (order: 'newest' | 'oldest', range: { after?: string; upTo?: string }) => {
    const { sql } = selectRange('sqlite', boundedByTime(checkAuditFilter({ scope: 'all', from, to })), {
      order,
      limit: 1,
      ...range,
    });
    return [...sql.matchAll(/(?<!\w)id (?:[<>]=?) \?/g)].map(([condition]) => condition);
  };

  it('are one below and one above, whatever else bounds the ids', () => {
    const [low, high] = ['0'.repeat(32), 'f'.repeat(32)];
    expect(boundsOf('newest', {})).toEqual(['id >= ?', 'id < ?']);
    expect(boundsOf('newest', { after: high })).toEqual(['id >= ?', 'id < ?']);
    expect(boundsOf('oldest', { after: low, upTo: high })).toEqual(['id >= ?', 'id < ?']);
    expect(boundsOf('oldest', { after: high, upTo: low })).toEqual(['id > ?', 'id <= ?']);
  });

  it('are those of the ids that the rows can have', () => {
    const { ids } = boundedByTime(checkAuditFilter({ scope: 'all', from, to }));
    expect(instantOf(ids!.atLeast!).getTime()).toBe(from.getTime() - ID_LEAD_MS);
    expect(instantOf(ids!.below!).getTime()).toBe(to.getTime() + 2 * ID_LEAD_MS);
    expect(boundedByTime(checkAuditFilter({ scope: 'all', from: new Date('0001-01-01') })).ids).toEqual({
      atLeast: '0'.repeat(32),
    });
    expect(boundedByTime(checkAuditFilter({ scope: 'all' }))).not.toHaveProperty('ids');
  });
});

/** Rows of this month; one in fifty is the host's. */
const fillPostgresql = `
  insert into sys_audit_logs (id, tenant_id, actor_user_id, event_type, target_id, canonical, leaf_hash, created_at)
  select left(sys_audit_id_from(now()), 12) || lpad(to_hex(i), 20, '0'),
    case when i % 50 = 0 then null else lpad(to_hex(i % ${TENANTS}), 32, '0') end, lpad(to_hex(i % ${ACTORS}), 32, '0'),
    'room-' || i % ${TYPES} || '.happened', lpad(to_hex(i % ${TARGETS}), 32, '0'), '{}', repeat('a', 64), now()
  from generate_series(1, ${ROWS}) as i`;
