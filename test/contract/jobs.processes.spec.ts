import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HostDatabase, SystemJob } from 'nestjs-host-database';
import { runProgram, startProgram } from '../support/child-process.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

describe.each(['sqlite', 'postgresql'] as const)('several processes on %s', (type) => {
  const PROCESSES = 4;
  const JOBS = 120;
  let scratch: ScratchDatabase;
  let hostDatabase: HostDatabase;

  beforeEach(async () => {
    scratch = await scratchDatabase(type);
    hostDatabase = await HostDatabase.open({ database: scratch.options });
  });
  afterEach(async () => {
    await hostDatabase.close();
    await scratch.drop();
  });

  const addJobs = async (jobType: string, count: number) => {
    for (let index = 0; index < count; index++) hostDatabase.em.create(SystemJob, { jobType, payload: { index } });
    await hostDatabase.commit();
    hostDatabase.rollback();
  };

  it('run each job exactly once between them', async () => {
    await addJobs('test.record-run', JOBS);
    const env = { DATABASE: JSON.stringify(scratch.options) };
    const outcomes = await Promise.all(Array.from({ length: PROCESSES }, () => runProgram('work-jobs', { env })));
    expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual(outcomes.map(() => ({ code: 0, stderr: '' })));

    const runs = await hostDatabase.auditLogs.findAll();
    expect(runs).toHaveLength(JOBS);
    expect(new Set(runs.map(({ targetId }) => targetId)).size).toBe(JOBS);
    expect(await hostDatabase.systemJobs.count({ status: 'completed', claimToken: 1 })).toBe(JOBS);
    const shares = outcomes.map(({ stdout }) => Number(stdout));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(JOBS);
  });

  it('take over the job of one that was killed, once it has been silent for long enough', async () => {
    await addJobs('test.never-end', 1);
    const env = { DATABASE: JSON.stringify(scratch.options), DEAD_AFTER_MS: '500' };
    const doomed = startProgram('work-jobs', { env });
    await doomed.said(/started/);
    doomed.child.kill('SIGKILL');
    await doomed.ended;
    expect(await hostDatabase.systemJobs.count({ status: 'running', claimToken: 1 })).toBe(1);

    const heir = await runProgram('work-jobs', { env: { ...env, WAIT_FOR: '1', TAKE_OVER: '1' } });
    expect(heir).toMatchObject({ code: 0, stderr: '' });
    expect(await hostDatabase.systemJobs.count({ status: 'completed', claimToken: 2 })).toBe(1);
  });
});
