import { PgBoss } from 'pg-boss';

const QUEUE = 'bench';

/** pg-boss: an instance of it that enqueues and works. */
export async function open({ connection, configuration }) {
  const boss = new PgBoss({ connectionString: connection.address, ...configuration.boss });
  boss.on('error', console.error);
  await boss.start();
  await boss.createQueue(QUEUE, configuration.queue);
  return {
    enqueueMany: (payloads) =>
      boss.insert(
        QUEUE,
        payloads.map((data) => ({ data })),
      ),
    enqueue: (payload) => boss.send(QUEUE, payload),
    work: (handle) =>
      boss.work(QUEUE, { ...configuration.work }, async (jobs) => {
        for (const { data } of jobs) handle(data);
      }),
  };
}
