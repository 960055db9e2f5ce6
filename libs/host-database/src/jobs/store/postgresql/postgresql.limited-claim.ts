import type { PostgresqlQuery } from '../../../database/index.js';
import { LOWEST_PRIORITY, TENANTS_PER_CLAIM } from '../job-columns.js';
import type { LimitedClaimRequest, LimitedClaimResult, Share } from '../job-store.interface.js';
import { planLimitedClaim } from '../limited-claim.js';
import { type BucketRow, type ClaimedRow, toBuckets, toClaimedJob } from '../rows.js';
import type { Candidate, RunningCount } from '../share-limits.js';
import * as claimSql from './claim.sql.js';
import * as limitSql from './limits.sql.js';

/** Claims in a transaction that no other claim of the queue runs beside. */
export async function claimWithinLimits(
  query: PostgresqlQuery,
  request: LimitedClaimRequest,
  now: Date | null,
): Promise<LimitedClaimResult> {
  const { queue, workerId, jobTypes, after, limits } = request;
  await query(limitSql.createLimit, [queue]);
  // From here to the commit no other process claims jobs of this queue.
  await query(limitSql.lockLimit, [queue]);
  const running = await query<RunningCount>(limitSql.countRunning, [queue]);
  const fairnessKeys = await findReadyTenantsFrom(query, queue, after);
  const bucketKeys = limits.rateLimit?.perTenant ? fairnessKeys : [''];
  const buckets = limits.rateLimit ? await query<BucketRow>(limitSql.findBuckets, [queue, bucketKeys, now]) : [];
  const plan = planLimitedClaim(request, { running, fairnessKeys, buckets: toBuckets(buckets) });
  const [lookKeys, lookCounts] = shareColumns(plan.lookAt);
  const candidates =
    plan.lookAt.length === 0 ? [] : await query<Candidate>(limitSql.findCandidates, [queue, jobTypes, lookKeys, lookCounts]);
  const { claimed, blocked, tokens, mayHaveMore } = plan.decide(candidates);
  const rows = claimed.length === 0 ? [] : await query<ClaimedRow>(limitSql.claimThese, [claimed, workerId, now]);
  if (blocked.length > 0) await query(limitSql.block, [blocked]);
  if (tokens.size > 0) await query(limitSql.saveBuckets, [queue, [...tokens.keys()], [...tokens.values()], now]);
  const jobs = new Map(rows.map((row) => [row.id, toClaimedJob(row, queue)]));
  return { jobs: claimed.flatMap((id) => jobs.get(id) ?? []), retryAfterMs: plan.retryAfterMs, mayHaveMore };
}

export async function findReadyTenants(
  query: PostgresqlQuery,
  queue: string,
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  const rows = await query<{ fairness_key: string }>(claimSql.findReadyTenants, [queue, after ?? null, limit]);
  return rows.map((row) => row.fairness_key);
}

/** Shares as the columns of an unnest(). */
export function shareColumns(shares: readonly Share[]): [string[], number[], number[], string[]] {
  return [
    shares.map(({ fairnessKey }) => fairnessKey),
    shares.map(({ count }) => count),
    shares.map(({ after }) => after?.priority ?? LOWEST_PRIORITY),
    shares.map(({ after }) => after?.id ?? ''),
  ];
}

/** Beginning with the one after `after`, and all around. */
async function findReadyTenantsFrom(query: PostgresqlQuery, queue: string, after: string | undefined): Promise<string[]> {
  const found = await findReadyTenants(query, queue, after, TENANTS_PER_CLAIM);
  const left = TENANTS_PER_CLAIM - found.length;
  if (after === undefined || left === 0) return found;
  return [...new Set([...found, ...(await findReadyTenants(query, queue, undefined, left))])];
}
