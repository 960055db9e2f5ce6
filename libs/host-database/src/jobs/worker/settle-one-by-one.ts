import type { JobOutcome, JobStore } from '../store/index.js';

/**
 * Records outcomes of which the database refuses one, whatever is wrong with it: that job becomes a dead letter which says so.
 *
 * @throws the error of the database where it takes not even that
 */
export async function settleOneByOne(store: JobStore, outcomes: readonly JobOutcome[]): Promise<void> {
  for (const outcome of outcomes) {
    try {
      await store.settle([outcome]);
    } catch {
      // Not the database's message: it may repeat what it refused.
      const error = 'How this attempt ended could not be recorded: the database refused its result or its error.';
      await store.settle([{ id: outcome.id, claimToken: outcome.claimToken, status: 'failed', error }]);
    }
  }
}
