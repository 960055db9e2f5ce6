import type { ClaimedJob, JobOutcome } from '../store/index.js';

/** Jobs that died with this many workers are run one at a time in a process. */
const ALONE_AFTER_CRASHES = 2;
const PAUSE_MS = 500;

/**
 * Tells the jobs to run from those to give back for a moment. A worker that dies takes down every job it holds, and one of them may be
 * what killed it: jobs that were there are not held beyond what can begin at once, and those that were there twice are run one by one,
 * so that of all of them only the poisonous one uses up its crashes.
 *
 * @param held the jobs that run here, the suspects that are about to, and those that have ended unknown to the database
 */
export function separateSuspects(
  claimed: readonly ClaimedJob[],
  held: readonly ClaimedJob[],
  concurrency: number,
): { readonly jobs: readonly ClaimedJob[]; readonly refused: readonly JobOutcome[] } {
  let room = concurrency - held.length;
  let isAloneTaken = held.some(mustBeAlone);
  const jobs: ClaimedJob[] = [];
  const refused: JobOutcome[] = [];
  for (const job of claimed) {
    if (job.crashCount === 0 || (room > 0 && !(isAloneTaken && mustBeAlone(job)))) {
      jobs.push(job);
      if (job.crashCount > 0) room--;
      if (mustBeAlone(job)) isAloneTaken = true;
    } else {
      const { id, claimToken } = job;
      refused.push({ id, claimToken, status: 'scheduled', delayMs: Math.random() * PAUSE_MS, isRefunded: true });
    }
  }
  return { jobs, refused };
}

/** Whether a worker has died with it. */
export function isSuspect({ crashCount }: ClaimedJob): boolean {
  return crashCount > 0;
}

function mustBeAlone({ crashCount }: ClaimedJob): boolean {
  return crashCount >= ALONE_AFTER_CRASHES;
}
