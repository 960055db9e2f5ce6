import { genId } from '../../src/common/index.js';
import type { ClaimedJob } from '../../src/jobs/store/index.js';

/** A job in the hands of a worker, as a claim returns it. */
export function claimedJob(facts: Partial<ClaimedJob> = {}): ClaimedJob {
  return {
    id: genId(),
    claimToken: 1,
    jobType: 'mail.send',
    queue: 'default',
    fairnessKey: '',
    tenantId: null,
    actorUserId: null,
    priority: 0,
    payload: null,
    attempt: 1,
    maxAttempts: null,
    crashCount: 0,
    concurrencyKey: null,
    traceContext: null,
    ...facts,
  };
}
