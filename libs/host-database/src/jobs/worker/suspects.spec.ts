import { describe, expect, it } from '@jest/globals';
import { claimedJob } from '../../../test/jobs/claimed-job.js';
import { separateSuspects } from './suspects.js';

const jobsOf = (...crashCounts: readonly number[]) => crashCounts.map((crashCount) => claimedJob({ crashCount }));

const idsOf = (jobs: readonly { readonly id: string }[]) => jobs.map(({ id }) => id);

describe(separateSuspects.name, () => {
  it('runs all jobs that no worker has died with, beyond the places that are free', () => {
    const claimed = jobsOf(0, 0, 0);
    expect(separateSuspects(claimed, jobsOf(0, 0), 2)).toEqual({ jobs: claimed, refused: [] });
  });

  it('holds no job that a worker died with beyond what can begin at once', () => {
    const claimed = jobsOf(1, 0, 1, 1);
    const { jobs, refused } = separateSuspects(claimed, jobsOf(0), 3);
    expect(idsOf(jobs)).toEqual(idsOf(claimed.slice(0, 3)));
    expect(refused).toEqual([
      { id: claimed[3]?.id, claimToken: 1, status: 'scheduled', delayMs: expect.any(Number), isRefunded: true },
    ]);
    expect(refused[0]?.delayMs).toBeLessThan(500);
  });

  it('runs those that were there twice one at a time', () => {
    const claimed = jobsOf(2, 2, 0, 3, 1);
    const { jobs, refused } = separateSuspects(claimed, [], 10);
    expect(jobs.map(({ crashCount }) => crashCount)).toEqual([2, 0, 1]);
    expect(idsOf(refused)).toEqual([claimed[1]?.id, claimed[3]?.id]);
  });

  it('runs none beside one that is running', () => {
    const { jobs, refused } = separateSuspects(jobsOf(2), jobsOf(2), 10);
    expect([jobs, refused.length]).toEqual([[], 1]);
  });
});
