/**
 * One contender in one configuration.
 *
 * @typedef {object} Entrant
 * @property {string} name what the rows call it
 * @property {string} program its file in contenders/
 * @property {object} [configuration] what the program changes of its library's defaults
 * @property {'default' | 'tuned'} setting
 * @property {'ours' | 'raw' | 'peer'} side
 * @property {Table} table where its jobs are
 * @property {Measure[]} measures what it takes part in
 *
 * @typedef {'drain' | 'held' | 'enqueue' | 'latency' | 'idle'} Measure
 *
 * @typedef {object} Table
 * @property {string} name
 * @property {string} jobs the condition that finds the jobs of the benchmark
 * @property {string} [completedOnce] the condition of one that has run exactly once; without it, such a job is deleted
 */

const sysJobs = { name: 'sys_jobs', jobs: `job_type = 'bench.no-op'`, completedOnce: `status = 'completed' and attempt = 1` };
const pgBoss = { name: 'pgboss.job', jobs: `name = 'bench'`, completedOnce: `state = 'completed' and retry_count = 0` };
const graphile = { name: 'graphile_worker._private_jobs', jobs: 'true' };
const plainjob = { name: 'plainjob_jobs', jobs: `type = 'bench'`, completedOnce: 'status = 2' };
const liteque = { name: 'tasks', jobs: `queue = 'bench'` };

const ours = { side: 'ours', program: 'host-database', table: sysJobs };
const oursTuned = { ...ours, name: 'ours, tuned', setting: 'tuned', configuration: { concurrency: 50, prefetch: 4_000 } };

/** Who takes part, by the dialect of the database. `default` is a library as it comes, `tuned` as it drains fastest. */
export const lineUp = {
  postgresql: [
    { ...ours, name: 'ours, default', setting: 'default', measures: ['drain', 'held', 'latency', 'idle'] },
    { ...oursTuned, measures: ['drain', 'held', 'enqueue', 'latency', 'idle'] },
    { name: 'raw pg client', side: 'raw', setting: 'tuned', program: 'raw-client', table: sysJobs, measures: ['drain', 'held'] },
    ...peer('pg-boss', { table: pgBoss }, [
      { setting: 'default', measures: ['drain', 'idle'] },
      {
        // Its default fetches one job every two seconds. This is what more of the same brings.
        variant: 'default, 24 at a time',
        setting: 'default',
        configuration: { work: { localConcurrency: 24, pollingIntervalSeconds: 0.5 } },
        measures: ['drain'],
      },
      {
        setting: 'tuned',
        configuration: {
          boss: { useListenNotify: true },
          queue: { notify: true },
          work: { batchSize: 500, localConcurrency: 2, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
        },
        measures: ['drain', 'held', 'enqueue', 'latency', 'idle'],
      },
    ]),
    ...peer('graphile-worker', { table: graphile }, [
      { setting: 'default', measures: ['drain', 'latency', 'idle'] },
      {
        variant: 'default, 24 at a time',
        setting: 'default',
        configuration: { concurrentJobs: 24, maxPoolSize: 24 },
        measures: ['drain'],
      },
      {
        setting: 'tuned',
        configuration: {
          concurrentJobs: 24,
          maxPoolSize: 24,
          localQueue: { size: 2_000, refetchDelay: { durationMs: 10 } },
          preparedStatements: false,
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
        measures: ['drain', 'held', 'enqueue', 'latency', 'idle'],
      },
    ]),
  ],
  sqlite: [
    { ...ours, name: 'ours, default', setting: 'default', measures: ['drain', 'enqueue'] },
    { ...oursTuned, measures: ['drain'] },
    // These two run one job after the other, whatever they are told.
    ...peer('plainjob', { table: plainjob }, [{ setting: 'default', measures: ['drain', 'enqueue'] }]),
    ...peer('liteque', { table: liteque }, [{ setting: 'default', measures: ['drain', 'enqueue'] }]),
  ],
};

function peer(program, common, settings) {
  return settings.map(({ variant, ...each }) => ({
    side: 'peer',
    program,
    name: `${program}, ${variant ?? each.setting}`,
    ...common,
    ...each,
  }));
}
