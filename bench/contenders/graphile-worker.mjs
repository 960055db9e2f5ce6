import { Logger, makeWorkerUtils, run } from 'graphile-worker';

const TASK = 'bench';

/** graphile-worker. It would print a line for each job, which is no work of a queue. */
export async function open({ connection: { address: connectionString }, configuration }) {
  const logger = new Logger(() => logProblem);
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.migrate();
  return {
    enqueueMany: (payloads) => utils.addJobs(payloads.map((payload) => ({ identifier: TASK, payload }))),
    enqueue: (payload) => utils.addJob(TASK, payload),
    async work(handle) {
      await run({
        taskList: { [TASK]: async (payload) => handle(payload) },
        noHandleSignals: true,
        logger,
        preset: { worker: { connectionString, ...configuration } },
      });
    },
  };
}

function logProblem(level, message) {
  if (level === 'error' || level === 'warning') console.error(message);
}
