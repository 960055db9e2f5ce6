import { now } from './clock.mjs';

/** What a no-op handler does: counts the jobs, and notes how long those have waited that say when they were enqueued. */
export function handledJobs() {
  const waits = [];
  let count = 0;
  let awaited = Infinity;
  let reached;
  return {
    get count() {
      return count;
    },
    add: ({ enqueuedAt }) => {
      if (enqueuedAt !== undefined) waits.push(now() - enqueuedAt);
      if (++count >= awaited) reached();
    },
    whenCountIs: async (wanted) => {
      if (count >= wanted) return;
      awaited = wanted;
      await new Promise((resolve) => (reached = resolve));
    },
    takeWaits: () => waits.splice(0),
  };
}
