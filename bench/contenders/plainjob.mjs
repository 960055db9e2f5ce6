import Database from 'better-sqlite3';
import { better, defineQueue, defineWorker } from 'plainjob';

const TYPE = 'bench';
/** It would print several lines for each job. */
const logger = { ...console, info: () => undefined, debug: () => undefined };

/** plainjob. Its worker takes one job at a time and has no setting but how often it looks for some. */
export async function open({ connection }) {
  const queue = defineQueue({ connection: better(new Database(connection.address)), logger });
  return {
    enqueueMany: async (payloads) => queue.addMany(TYPE, payloads),
    enqueue: async (payload) => queue.add(TYPE, payload),
    work(handle) {
      const worker = defineWorker(TYPE, async ({ data }) => handle(JSON.parse(data)), { queue, logger });
      // Resolves when it stops.
      void worker.start();
    },
  };
}
