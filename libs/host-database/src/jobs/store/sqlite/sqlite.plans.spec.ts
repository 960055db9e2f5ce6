import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JobStoreFixture } from '../../../../test/jobs/job-store-fixture.js';
import type { SqliteDirectConnection } from '../../../database/index.js';
import * as attemptSql from './attempt.sql.js';
import * as callerSql from './caller.sql.js';
import * as claimSql from './claim.sql.js';
import * as limitSql from './limits.sql.js';
import { SqliteJobStore } from './sqlite.job-store.js';
import * as upkeepSql from './upkeep.sql.js';
import * as workerSql from './worker.sql.js';

const STATEMENTS = Object.entries({ ...attemptSql, ...callerSql, ...claimSql, ...limitSql, ...upkeepSql, ...workerSql });

/** Which indexes the statements search that a worker runs all the time. */
const SEARCHED: Record<string, readonly string[]> = {
  firstReadyTenant: ['sys_jobs_ready_index'],
  nextReadyTenant: ['sys_jobs_ready_index'],
  claimShare: ['sqlite_autoindex_sys_jobs_1', 'sys_jobs_ready_index'],
  findCandidates: ['sys_jobs_ready_index'],
  completeThese: ['sqlite_autoindex_sys_jobs_1'],
  settle: ['sqlite_autoindex_sys_jobs_1'],
  unblock: ['sqlite_autoindex_sys_jobs_1', 'sys_jobs_blocked_index'],
  nextDue: ['sys_jobs_scheduled_index'],
  promote: ['sqlite_autoindex_sys_jobs_1', 'sys_jobs_scheduled_index'],
  purgeBatch: ['sqlite_autoindex_sys_jobs_1'],
  beat: ['sqlite_autoindex_sys_job_workers_1'],
};

describe(`Plans of ${SqliteJobStore.name}`, () => {
  let fixture: JobStoreFixture;
  let connection: SqliteDirectConnection;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open('sqlite');
    connection = fixture.connectDirectly() as SqliteDirectConnection;
    await fixture.execute(`
      with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
      insert into sys_jobs (id, job_type, status, created_at) select printf('%032x', i), 'store.do-work', 'completed', i from n`);
  });
  afterAll(() => fixture.close());

  const explain = async (sql: string): Promise<string[]> => {
    const positional = Array.from({ length: sql.match(/\?(?!\d)/g)?.length ?? 0 }, () => '[]');
    const parameters = /\?\d/.test(sql) ? [{ 1: 1, 2: 1 }] : positional;
    const rows = await connection.read((db) => db.prepare<{ detail: string }>(`explain query plan ${sql}`).all(...parameters));
    return rows.map(({ detail }) => detail);
  };

  // SQLite guesses without statistics, and believes those that it has.
  describe.each(['no statistics', 'statistics of an idle queue'])('with %s', (statistics) => {
    beforeAll(async () => {
      if (statistics !== 'no statistics') await fixture.execute('analyze');
    });

    it.each(STATEMENTS)('%s reads no more than the index of the jobs that it is about', async (_, sql) => {
      const scans = (await explain(sql)).filter((detail) => /^SCAN (sys_jobs|job|other)\b/.test(detail));
      expect(scans.filter((detail) => !/USING (COVERING )?INDEX sys_jobs_\w+_index/.test(detail))).toEqual([]);
    });

    it.each(Object.keys(SEARCHED))('%s searches the indexes that it is meant to', async (name) => {
      const sql = STATEMENTS.find(([statement]) => statement === name)?.[1] ?? '';
      const indexes = (await explain(sql)).flatMap((detail) => /^SEARCH .* INDEX (\w+)/.exec(detail)?.[1] ?? []);
      expect(indexes.toSorted()).toEqual(SEARCHED[name]);
    });
  });
});
