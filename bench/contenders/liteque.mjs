import { buildDBClient, Runner, SqliteQueue } from 'liteque';

/** As in its readme; a higher concurrency changes nothing for handlers that do not wait. */
const RUNNER = { concurrency: 1, pollIntervalMs: 1_000, timeoutSecs: 60 };

/** liteque. It has no way to enqueue many. */
export async function open({ connection }) {
  const db = buildDBClient(connection.address, { runMigrations: true });
  allowAsyncTransactions(db.session.client);
  const queue = new SqliteQueue('bench', db, { defaultJobArgs: { numRetries: 0 }, keepFailedJobs: false });
  return {
    async enqueueMany(payloads) {
      for (const payload of payloads) await queue.enqueue(payload);
    },
    enqueue: (payload) => queue.enqueue(payload),
    work(handle) {
      const runner = new Runner(queue, { run: async ({ data }) => handle(data) }, RUNNER);
      // Resolves when it stops.
      void runner.run();
    },
  };
}

/**
 * liteque claims in an async transaction function. Up to 11.9 better-sqlite3 committed when that first waited; since 11.10 it throws,
 * and nothing runs. Gives it back what it was written for.
 *
 * @see https://github.com/karakeep-app/karakeep/issues/1594
 */
function allowAsyncTransactions(database) {
  const [begin, commit] = ['begin', 'commit'].map((sql) => database.prepare(sql));
  database.transaction = (work) => ({
    deferred(...parameters) {
      begin.run();
      const result = work(...parameters);
      commit.run();
      return result;
    },
  });
}
