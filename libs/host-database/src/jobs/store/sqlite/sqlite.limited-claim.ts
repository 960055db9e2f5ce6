import type { SqliteDirectConnection } from '../../../database/index.js';
import { TENANTS_PER_CLAIM } from '../job-columns.js';
import type { ClaimedJob, LimitedClaimRequest, LimitedClaimResult } from '../job-store.interface.js';
import { planLimitedClaim } from '../limited-claim.js';
import { type BucketRow, type ClaimedRow, toBuckets, toClaimedJob } from '../rows.js';
import type { Candidate, RunningCount } from '../share-limits.js';
import * as claimSql from './claim.sql.js';
import * as limitSql from './limits.sql.js';

type Db = Pick<SqliteDirectConnection, 'prepare'>;

/** Claims under the write lock, which no other claim runs beside. */
export function claimWithinLimits(db: Db, request: LimitedClaimRequest, now: number): LimitedClaimResult {
  const { queue, workerId, jobTypes, after, limits } = request;
  const running = db.prepare<RunningCount>(limitSql.countRunning).all(queue);
  const fairnessKeys = findReadyTenantsFrom(db, queue, after);
  const bucketKeys = JSON.stringify(limits.rateLimit?.perTenant ? fairnessKeys : ['']);
  const buckets = limits.rateLimit ? db.prepare<BucketRow>(limitSql.findBuckets).all(now, queue, bucketKeys) : [];
  const plan = planLimitedClaim(request, { running, fairnessKeys, buckets: toBuckets(buckets) });
  const find = db.prepare<Candidate>(limitSql.findCandidates);
  const types = JSON.stringify(jobTypes);
  const candidates = plan.lookAt.flatMap(({ fairnessKey, count }) => find.all(queue, fairnessKey, types, count));
  const { claimed, blocked, tokens, mayHaveMore } = plan.decide(candidates);
  const rows = db.prepare<ClaimedRow>(limitSql.claimThese).all(workerId, now, JSON.stringify(claimed));
  db.prepare(limitSql.block).run(JSON.stringify(blocked));
  const save = db.prepare(limitSql.saveBucket);
  for (const [fairnessKey, count] of tokens) save.run(queue, fairnessKey, count, now);
  const jobs = new Map(rows.map((row) => [row.id, parsed(row, queue)]));
  return { jobs: claimed.flatMap((id) => jobs.get(id) ?? []), retryAfterMs: plan.retryAfterMs, mayHaveMore };
}

export function findReadyTenants(db: Db, queue: string, after: string | undefined, limit: number): string[] {
  const next = db.prepare<{ fairness_key: string }>(claimSql.nextReadyTenant);
  const found: string[] = [];
  let row =
    after === undefined ? db.prepare<{ fairness_key: string }>(claimSql.firstReadyTenant).get(queue) : next.get(queue, after);
  // From tenant to tenant along the index, instead of reading the jobs between them.
  while (row && found.length < limit) {
    found.push(row.fairness_key);
    row = next.get(queue, row.fairness_key);
  }
  return found;
}

/** A job with its payload, which SQLite gives as text, or as the number that it is. */
export function parsed(row: ClaimedRow, queue: string): ClaimedJob {
  const payload: unknown = typeof row.payload === 'string' ? JSON.parse(row.payload) : row.payload;
  return toClaimedJob({ ...row, payload }, queue);
}

/** Beginning with the one after `after`, and all around. */
function findReadyTenantsFrom(db: Db, queue: string, after: string | undefined): string[] {
  const found = findReadyTenants(db, queue, after, TENANTS_PER_CLAIM);
  const left = TENANTS_PER_CLAIM - found.length;
  if (after === undefined || left === 0) return found;
  return [...new Set([...found, ...findReadyTenants(db, queue, undefined, left)])];
}
