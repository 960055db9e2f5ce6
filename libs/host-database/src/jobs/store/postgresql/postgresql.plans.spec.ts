import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JOB_TYPE, JobStoreFixture, QUEUE } from '../../../../test/jobs/job-store-fixture.js';
import { explain, type QueryPlan } from '../../../../test/jobs/query-plan.js';
import type { PostgresqlDirectConnection } from '../../../database/index.js';
import { LOWEST_PRIORITY } from '../job-columns.js';
import * as attemptSql from './attempt.sql.js';
import * as callerSql from './caller.sql.js';
import * as claimSql from './claim.sql.js';
import * as limitSql from './limits.sql.js';
import { PostgresqlJobStore } from './postgresql.job-store.js';
import { countByStatus } from './postgresql.statistics.js';
import * as upkeepSql from './upkeep.sql.js';
import * as workerSql from './worker.sql.js';

const FINISHED = 1_000_000;
const SCHEDULED = 50_000;
const READY = 20_000;
const TENANTS = 20;
const RUNNING = 2_000;
/** PostgreSQL may change its mind about a prepared statement after five runs. */
const RUNS = 12;
const BATCH = 100;
const HOUR_MS = 3_600_000;

const tenants = Array.from({ length: TENANTS }, (_, index) => index.toString(16).padStart(32, '0'));
const idOf = (index: string, ms: number) => `lpad(to_hex(${ms} + ${index}), 12, '0') || lpad(to_hex(${index}), 20, '7')`;
const runningIds = Array.from(
  { length: BATCH },
  (_, index) => (1_800_002_000_000 + index + 1).toString(16).padStart(12, '0') + (index + 1).toString(16).padStart(20, '7'),
);

interface Case {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** The indexes of sys_jobs that may be read. */
  readonly indexes: readonly string[];
  /** Some three times what was measured. A page holds a hundred jobs and more: whoever reads them all is far beyond. */
  readonly maxBuffers: number;
  readonly maxDiscarded?: number;
}

const KEY = 'sys_jobs_pkey';
const READY_INDEX = 'sys_jobs_ready_index';
const RUNNING_INDEX = 'sys_jobs_running_index';
const SCHEDULED_INDEX = 'sys_jobs_scheduled_index';
const BLOCKED_INDEX = 'sys_jobs_blocked_index';

const each = <T>(value: T): T[] => tenants.map(() => value);
const claims = runningIds.map((id) => `${id}:1`);
const outcomes = runningIds.map((id) => ({ id, claim_token: 1, status: 'completed', delay_ms: 0, refund: 0, output: { a: 1 } }));
const newRows = runningIds.map((_, index) => ({
  id: `new ${index}`,
  job_type: JOB_TYPE,
  queue: QUEUE,
  fairness_key: '',
  priority: 0,
  unique_key: `key ${index}`,
  created_at: 0,
}));

const CASES: Record<string, Case> = {
  findReadyTenants: {
    sql: claimSql.findReadyTenants,
    parameters: [QUEUE, null, 200],
    indexes: [READY_INDEX],
    maxBuffers: 250,
  },
  'claim of an idle queue': {
    sql: claimSql.claim,
    parameters: ['idle', [JOB_TYPE], 'w1', null, [''], [BATCH], [LOWEST_PRIORITY], [''], null, null],
    indexes: [KEY, READY_INDEX],
    maxBuffers: 20,
  },
  'claim of 100 of 20 tenants, 100 completed': {
    sql: claimSql.claim,
    parameters: [QUEUE, [JOB_TYPE], 'w1', null, tenants, each(5), each(LOWEST_PRIORITY), each(''), runningIds, claims],
    indexes: [KEY, READY_INDEX],
    maxBuffers: 7_000,
  },
  'claim of 100 of one tenant': {
    sql: claimSql.claim,
    parameters: [QUEUE, [JOB_TYPE], 'w1', null, [tenants[3]], [BATCH], [0], [''], null, null],
    indexes: [KEY, READY_INDEX],
    maxBuffers: 4_000,
  },
  'countRunning of 2,000': {
    sql: limitSql.countRunning,
    parameters: [QUEUE],
    indexes: [RUNNING_INDEX],
    maxBuffers: 700,
  },
  'findCandidates, 100 of 20 tenants': {
    sql: limitSql.findCandidates,
    parameters: [QUEUE, [JOB_TYPE], tenants, each(5)],
    indexes: [READY_INDEX],
    maxBuffers: 1_000,
  },
  'claimThese 100': { sql: limitSql.claimThese, parameters: [runningIds, 'w1', null], indexes: [KEY], maxBuffers: 4_000 },
  'block 100': { sql: limitSql.block, parameters: [runningIds], indexes: [KEY], maxBuffers: 4_000 },
  'unblock 20': {
    sql: limitSql.unblock,
    parameters: [QUEUE, tenants, tenants.map((_, index) => `key${index % 7}`)],
    indexes: [BLOCKED_INDEX, KEY],
    maxBuffers: 1_000,
  },
  'unblockIdle 1,000': {
    sql: limitSql.unblockIdle,
    parameters: [],
    indexes: [BLOCKED_INDEX, KEY, RUNNING_INDEX],
    maxBuffers: 40_000,
    maxDiscarded: RUNNING,
  },
  'settle 100': {
    sql: attemptSql.settle,
    parameters: [JSON.stringify(outcomes), null],
    indexes: [KEY],
    maxBuffers: 6_000,
  },
  'findLost among 100': {
    sql: attemptSql.findLost,
    parameters: [runningIds, runningIds.map(() => 1)],
    indexes: [KEY],
    maxBuffers: 1_200,
    maxDiscarded: BATCH,
  },
  'findClaims of one worker': {
    sql: attemptSql.findClaims,
    parameters: ['w1', QUEUE],
    indexes: [RUNNING_INDEX],
    maxBuffers: 600,
  },
  beat: {
    sql: workerSql.beat,
    parameters: ['w1', 15_000, ['a schedule'], null, [QUEUE, 'idle']],
    indexes: [READY_INDEX, RUNNING_INDEX, SCHEDULED_INDEX],
    maxBuffers: 100,
    maxDiscarded: 100,
  },
  findNextTimes: {
    sql: workerSql.findNextTimes,
    parameters: [['a schedule'], null],
    indexes: [SCHEDULED_INDEX],
    maxBuffers: 20,
  },
  'rescue of 20 among 2,000': {
    sql: workerSql.rescue,
    parameters: [3, null],
    indexes: [KEY, RUNNING_INDEX],
    maxBuffers: 1_500,
    maxDiscarded: RUNNING,
  },
  'promote of 19': {
    sql: upkeepSql.promote,
    parameters: [BATCH, null],
    indexes: [KEY, SCHEDULED_INDEX],
    maxBuffers: 800,
  },
  nextDue: { sql: upkeepSql.nextDue, parameters: [null], indexes: [SCHEDULED_INDEX], maxBuffers: 20 },
  'park, of which nothing is': {
    sql: upkeepSql.park,
    parameters: [1_000, null],
    indexes: [KEY, READY_INDEX],
    maxBuffers: 6_000,
    maxDiscarded: TENANTS * 100,
  },
  'unpark, of which nothing is': {
    sql: upkeepSql.unpark,
    parameters: [[JOB_TYPE]],
    indexes: [KEY, 'sys_jobs_parked_index'],
    maxBuffers: 20,
  },
  'purge of 1,000': {
    sql: upkeepSql.purge,
    parameters: [['completed'], HOUR_MS, 1_000, '', null],
    indexes: [KEY],
    maxBuffers: 18_000,
    maxDiscarded: BATCH,
  },
  'purge, of which nothing is': {
    sql: upkeepSql.purge,
    parameters: [['completed'], 1_000 * HOUR_MS, 1_000, '', null],
    indexes: [KEY],
    maxBuffers: 200,
    maxDiscarded: 1_000,
  },
  countByStatus: {
    sql: countByStatus,
    parameters: [null],
    indexes: [BLOCKED_INDEX, 'sys_jobs_failed_index', 'sys_jobs_parked_index', READY_INDEX, RUNNING_INDEX, SCHEDULED_INDEX],
    // It counts: a page for each live job at most.
    maxBuffers: SCHEDULED + READY + RUNNING,
  },
  'insert of 100': {
    sql: callerSql.insert,
    parameters: [null, JSON.stringify(newRows)],
    indexes: [],
    maxBuffers: 3_000,
  },
  'findLive of 100': {
    sql: callerSql.findLive,
    parameters: [JSON.stringify(newRows)],
    indexes: ['sys_jobs_unique_key_unique'],
    maxBuffers: 500,
  },
  recordProgress: { sql: attemptSql.recordProgress, parameters: [runningIds[0], 1, '0.5'], indexes: [KEY], maxBuffers: 100 },
  complete: { sql: callerSql.complete, parameters: [null, null, runningIds[0], 1], indexes: [KEY], maxBuffers: 100 },
  'cancel 100': {
    sql: callerSql.cancel,
    parameters: [JSON.stringify(runningIds), null],
    indexes: [KEY],
    maxBuffers: 6_000,
  },
  'redrive, of which nothing is': {
    sql: callerSql.redrive,
    parameters: [null, null, null, null, BATCH, null],
    indexes: [KEY, 'sys_jobs_failed_index', 'sys_jobs_unique_key_unique'],
    maxBuffers: 20,
  },
};

// The plans that PostgreSQL makes are its own. SQLite's are beside its statements.
describe(`Plans of ${PostgresqlJobStore.name}`, () => {
  let fixture: JobStoreFixture;
  let connection: PostgresqlDirectConnection;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open('postgresql');
    connection = fixture.connectDirectly() as PostgresqlDirectConnection;
    await fill(fixture);
  }, 120_000);
  afterAll(() => fixture.close());

  /** Runs a statement, and undoes what it did. */
  const planOf = async (sql: string, parameters: readonly unknown[]): Promise<QueryPlan> => {
    const undo = new Error('undo');
    let plan: QueryPlan | undefined;
    const work = connection.transaction(async (query) => {
      plan = await explain(query, numbered(sql), parameters);
      throw undo;
    });
    await expect(work).rejects.toBe(undo);
    if (!plan) throw new Error('There is no plan.');
    return plan;
  };

  // A queue is analyzed when it is idle, and then work comes in: the planner believes that there is none.
  describe.each(['an idle queue', 'the queue as it is'])('with statistics of %s', (statistics) => {
    beforeAll(async () => {
      if (statistics === 'the queue as it is') await fixture.execute('vacuum (analyze, index_cleanup on) sys_jobs');
    });

    it.each(Object.keys(CASES))('%s', async (name) => {
      const { sql, parameters, indexes, maxBuffers, maxDiscarded = 10 } = CASES[name]!;
      for (let run = 0; run < RUNS; run++) {
        const plan = await planOf(sql, parameters);
        expect(plan.scannedTables).not.toContain('sys_jobs');
        expect([...plan.indexes].filter((index) => index.startsWith('sys_jobs_')).toSorted()).toEqual(indexes.toSorted());
        expect(plan.buffers).toBeLessThanOrEqual(maxBuffers);
        expect(plan.discardedRows).toBeLessThanOrEqual(maxDiscarded);
      }
    });
  });
});

/** Gives the parameters that an EntityManager takes as `?` the numbers that the direct connection wants. */
function numbered(sql: string): string {
  let count = 0;
  return sql.replaceAll('?', () => `$${++count}`);
}

/** A long history and many jobs for later, of which there are statistics; then work comes in, of which there are none. */
async function fill(fixture: JobStoreFixture): Promise<void> {
  await fixture.execute('alter table sys_jobs set unlogged, set (autovacuum_enabled = false)');
  const insert = 'insert into sys_jobs (id, job_type, tenant_id, fairness_key, status, created_at, available_at, completed_at';
  const tenant = (count: number) => `lpad(to_hex(i % ${count}), 32, '0'), lpad(to_hex(i % ${count}), 32, '0')`;
  await fixture.execute(`${insert}, started_at, attempt, claim_token, worker_id)
    select ${idOf('i', 1_700_000_000_000)}, '${JOB_TYPE}', ${tenant(500)},
      case when i % 20 = 0 then 'cancelled' else 'completed' end,
      now() - interval '1 day', null, now() - interval '1 day', now() - interval '1 day', 1, 1, 'w' || i % 5
    from generate_series(1, ${FINISHED}) as i`);
  await fixture.execute(`${insert})
    select ${idOf('i', 1_800_000_000_000)}, '${JOB_TYPE}', null, '', 'scheduled',
      now(), now() + (i - 20) * interval '1 minute', null
    from generate_series(1, ${SCHEDULED}) as i`);
  await fixture.execute('analyze sys_jobs');
  await fixture.execute(`${insert}, concurrency_key, priority)
    select ${idOf('i', 1_800_001_000_000)}, '${JOB_TYPE}', ${tenant(TENANTS)},
      case when i % 10 = 9 then 'blocked' else 'pending' end,
      now() - interval '1 hour', null, null, 'key' || i % 7, i % 3
    from generate_series(1, ${READY}) as i`);
  await fixture.execute(`${insert}, worker_id, attempt, claim_token)
    select ${idOf('i', 1_800_002_000_000)}, '${JOB_TYPE}', ${tenant(TENANTS)}, 'running', now(), null, null,
      case when i > ${RUNNING - 20} then 'dead' else 'w' || i % 5 end, 1, 1
    from generate_series(1, ${RUNNING}) as i`);
  await fixture.execute(`insert into sys_job_workers
    select 'w' || i, 'host', 1, '["${QUEUE}"]', '["${JOB_TYPE}"]', now(), now() from generate_series(0, 4) as i`);
}
