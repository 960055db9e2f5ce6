import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { genId, HostDatabase } from 'nestjs-host-database';
import { Client } from 'pg';

const QUEUE = 'default';
const TYPE = 'bench.no-op';
const BATCH = 500;
const LOWEST_PRIORITY = -2_147_483_648;
/** As the library fills its table in one statement, less what these jobs have no use for. */
const INSERT = `insert into sys_jobs (id, job_type, queue, status, payload, created_at)
  select id, '${TYPE}', '${QUEUE}', 'pending', payload, now() from jsonb_to_recordset($1::jsonb) as job(id text, payload jsonb)`;

/**
 * A bare client that runs the library's own statements on the library's own tables, one after the other: what is possible there
 * without an ORM, a context, events, retries and all else that a job may need.
 */
export async function open({ connection: { host, address } }) {
  const { claim } = await statements();
  const database = await HostDatabase.open({ database: host });
  await database.close();
  const client = new Client({ connectionString: address });
  await client.connect();
  const enqueueMany = (payloads) => client.query(INSERT, [JSON.stringify(payloads.map((payload) => ({ id: genId(), payload })))]);
  const workerId = genId();
  const beginning = { priority: LOWEST_PRIORITY, id: '' };

  /** Completes what has run and claims the next, after where the last claim has ended. */
  async function claimNext(completed, after) {
    const { rows } = await client.query(claim, [
      QUEUE,
      [TYPE],
      workerId,
      null,
      [''],
      [BATCH],
      [after.priority],
      [after.id],
      // An empty list would let the planner read any index.
      completed.length > 0 ? completed.map(({ id }) => id) : null,
      // No job is claimed a second time here.
      null,
    ]);
    // One row is there even when nothing was claimed. They come in any order.
    return rows.filter(({ id }) => id !== null).toSorted((a, b) => a.priority - b.priority || (a.id < b.id ? -1 : 1));
  }

  return {
    enqueueMany,
    enqueue: (payload) => enqueueMany([payload]),
    async work(handle) {
      void drain(handle);
    },
  };

  async function drain(handle) {
    let jobs = await claimNext([], beginning);
    while (jobs.length > 0) {
      for (const { payload } of jobs) await handle(payload);
      jobs = await claimNext(jobs, jobs.at(-1));
    }
  }
}

/** Not by a public door: a copy would no longer be the same once the library's has changed. */
async function statements() {
  const library = dirname(createRequire(import.meta.url).resolve('nestjs-host-database/package.json'));
  return import(pathToFileURL(`${library}/dist/jobs/store/postgresql/claim.sql.js`).href);
}
