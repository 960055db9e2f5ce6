import type { LimitedClaimRequest, Share } from './job-store.interface.js';
import { type TokenBucket, TokenBuckets } from './rate-limit.js';
import { type Candidate, chooseCandidates, roomOfQueue, roomOfTenants, type RunningCount } from './share-limits.js';

/** Ready jobs of a tenant beyond its share that one claim looks at, to find some whose key has room. */
const KEY_LOOKAHEAD = 50;

/** What a limited claim knows once it holds the lock of its queue. */
export interface LimitedQueueState {
  readonly running: readonly RunningCount[];
  readonly fairnessKeys: readonly string[];
  /** The bucket of the queue, or of each tenant, by fairness key; empty without a rate limit. */
  readonly buckets: ReadonlyMap<string, TokenBucket>;
}

/** What it will look at. */
export interface LimitedPlan {
  /** How many candidates of each tenant to read. */
  readonly lookAt: readonly Share[];
  readonly retryAfterMs: number | undefined;
  /** Decides about the candidates that were read. */
  decide(candidates: readonly Candidate[]): LimitedDecision;
}

/** What it does. */
interface LimitedDecision {
  readonly claimed: readonly string[];
  readonly blocked: readonly string[];
  /** The tokens left in each bucket that something was taken from, by fairness key; an empty key is the queue's. */
  readonly tokens: ReadonlyMap<string, number>;
  /** As in {@link LimitedClaimResult}. */
  readonly mayHaveMore: boolean;
}

/**
 * Decides what a claim of a queue with limits takes. Both dialects call this while they hold the lock of the queue, so that what was
 * counted is still true when it is written: a job that ends meanwhile only makes room.
 */
export function planLimitedClaim(
  { limits, count, shareOut }: LimitedClaimRequest,
  { running, fairnessKeys, buckets }: LimitedQueueState,
): LimitedPlan {
  const tokens = limits.rateLimit && new TokenBuckets(limits.rateLimit, buckets);
  const free = roomOfTenants(limits, running, fairnessKeys);
  const { rooms, room } = tokens?.narrow(free) ?? { rooms: free, room: Infinity };
  const wanted = Math.min(count, room, roomOfQueue(limits, running));
  const shares = wanted > 0 ? shareOut(rooms, wanted) : [];
  const lookahead = limits.maxRunningPerKey === undefined ? 0 : KEY_LOOKAHEAD;
  const lookAt = shares.map((share) => ({ ...share, count: share.count + lookahead }));
  return {
    lookAt,
    retryAfterMs: tokens?.retryAfterMs,
    decide(candidates) {
      const { chosen, blocked } = chooseCandidates(limits, running, shares, candidates);
      const isShort = chosen.length < wanted;
      const isUnseen = shares.length < rooms.length || blocked.length > 0 || hasMoreThan(lookAt, candidates);
      return {
        claimed: chosen.map(({ id }) => id),
        blocked: blocked.map(({ id }) => id),
        tokens: tokens?.spend(chosen) ?? new Map(),
        mayHaveMore: isShort && isUnseen,
      };
    },
  };
}

/** Whether a tenant had as many candidates as were read of it, and so perhaps more. */
function hasMoreThan(lookAt: readonly Share[], candidates: readonly Candidate[]): boolean {
  return lookAt.some(
    ({ fairnessKey, count }) => candidates.filter((candidate) => candidate.fairnessKey === fairnessKey).length >= count,
  );
}
