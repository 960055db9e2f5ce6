import type { InsertedJob, NewJob } from './job-store.interface.js';
import { type NewJobRow, toNewJobRow } from './rows.js';

interface Statements {
  /** Writes rows, leaves out those whose unique key is taken, and returns the ids of the others. */
  readonly insert: (rows: readonly NewJobRow[]) => Promise<{ id: string }[]>;
  /** Finds the live jobs that have the unique keys of these rows. */
  readonly findLive: (rows: readonly NewJobRow[]) => Promise<{ id: string; live: string }[]>;
}

/** Writes jobs, and finds the live one for each that has its unique key already. */
export async function insertJobs(jobs: readonly NewJob[], { insert, findLive }: Statements): Promise<InsertedJob[]> {
  const results = new Map<string, InsertedJob>();
  let open = jobs.map(toNewJobRow);
  while (open.length > 0) {
    for (const { id } of await insert(open)) results.set(id, { id, isNew: true });
    open = open.filter(({ id }) => !results.has(id));
    if (open.length === 0) break;
    for (const { id, live } of await findLive(open)) results.set(id, { id: live, isNew: false });
    // One that was in the way and has ended since is in the way no longer: what is left is tried again.
    open = open.filter(({ id }) => !results.has(id));
  }
  return jobs.map(({ id }) => results.get(id) ?? { id, isNew: true });
}
