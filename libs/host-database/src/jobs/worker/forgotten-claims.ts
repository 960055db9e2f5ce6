import { giveBack } from './job-ending.js';
import type { QueueWorkerContext } from './queue-worker.context.js';

/**
 * Gives back what this worker has claimed without knowing of it. A claim whose answer was lost with the connection has been made all the
 * same, and nobody is going to run those jobs.
 */
export async function giveBackForgottenClaims(
  { store, queue, workerId }: QueueWorkerContext,
  known: Iterable<string>,
): Promise<void> {
  const knownIds = new Set(known);
  const claims = await store.findClaims(workerId(), queue);
  const forgotten = claims.filter(({ id }) => !knownIds.has(id));
  if (forgotten.length > 0) await store.settle(forgotten.map(giveBack));
}
