/** How an owner ceases to be one. */
export const WAYS_OUT = ['leave', 'end', 'demote', 'deactivate', 'delete'] as const;

export type WayOut = (typeof WAYS_OUT)[number];

/** What one process is told to do, to each of the users at the same time. `unlocked` is how one would do it without a lock. */
export interface MembershipStep {
  readonly way: WayOut | 'grant' | 'unlocked';
  readonly tenantId: string;
  readonly userIds: readonly string[];
}

/** What became of it, for each of the users: the code of an error, or this. */
export const DONE = 'done';
