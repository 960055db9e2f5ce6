import type { SystemJob } from 'nestjs-host-database';

export const JOB_STATES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;

/** What a client is told of a job: which kind of waiting it is does not concern them. */
export type JobState = (typeof JOB_STATES)[number];

export function jobStateOf({ status }: SystemJob): JobState {
  return status === 'scheduled' || status === 'blocked' || status === 'parked' ? 'pending' : status;
}
