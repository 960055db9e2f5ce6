import type { JobHandlersRegistry } from '../job-handlers.registry.js';
import type { ClaimedJob, JobClaim, JobStore, QueueLimits, Share, TenantRoom } from '../store/index.js';
import type { FairBuffer } from './fair-buffer.js';
import { FairShare } from './fair-share.js';
import { TIMER_MAX_MS } from './retry-pause.js';

/** How many tenants one claim takes turns between. */
const TENANTS_PER_CLAIM = 200;
/** How old the knowledge of which tenants have work may be. */
const LOOK_AGAIN_MS = 100;
/** How many claims of a queue with limits may find nothing, one after the other, before somebody has to say that there is something. */
const EMPTY_CLAIMS = 20;
/** For how long claims go on behind the last one, before they look again at the entries that they have passed. */
const CURSOR_MS = 250;
/**
 * An old snapshot keeps dead entries in the indexes, and whoever begins at the front reads all of them: no more than about a tenth of
 * the time goes into that.
 */
const PAUSE_FACTOR = 9;
/**
 * After a look that took no longer, what is announced is looked for after a pause as long as the look. On a busy machine any look may
 * take its time, so that the quicker one of the last two counts: a tenant's job must not wait because of one.
 */
const QUICK_LOOK_MS = 50;

export interface JobsFetcherContext {
  readonly queue: string;
  readonly concurrency: number;
  readonly limits: QueueLimits | undefined;
  readonly store: JobStore;
  readonly registry: JobHandlersRegistry;
  readonly workerId: () => string;
  /** Whether this process is registered: what it claims otherwise would count as a dead one's. */
  readonly mayClaim: () => boolean;
}

interface FetchRequest {
  readonly wanted: number;
  readonly completed: readonly JobClaim[];
  readonly isStopping: boolean;
}

interface Fetched {
  readonly jobs: readonly ClaimedJob[];
  /** How many of those completed were no longer this worker's. */
  readonly lostCount: number;
  /** Whether the database was asked at all. */
  readonly hasAsked: boolean;
}

/** Decides which jobs of a queue to claim, tenant by tenant, and remembers when there are none. */
export class JobsFetcher {
  private readonly turns = new FairShare();
  private tenants: readonly string[] = [];
  /** Those of the last look for whom nothing was claimed yet. */
  private untried = new Set<string>();
  private hasAllTenants = true;
  /** Where the last look has ended, if not all tenants were seen. */
  private lookedTo: string | undefined;
  /** What a round of looks over all tenants has brought, and how often work had been announced when it began. */
  private round = { claimed: 0, asOf: 0 };
  private lookAgainAt = -Infinity;
  /** What the claims under way are for. */
  private readonly underWay: (readonly Share[])[] = [];
  private cursors = new Map<string, NonNullable<Share['after']>>();
  private cursorsUntil = 0;
  private invitations = 1;
  private seen = 0;
  private isLooking = false;
  /** From when on an announcement is reason enough to look again. */
  private lookWhenInvitedAt = -Infinity;
  private lastLookMs = 0;
  /** Behind whom a claim of a queue with limits begins to look. */
  private lastTenant: string | undefined;
  private emptyClaims = 0;
  private isClosed = false;
  private mayHaveWork = true;
  private notBefore = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly context: JobsFetcherContext,
    private readonly buffer: FairBuffer,
    /** Called when the fetcher itself knows that it is time to fetch again. */
    private readonly onDue: () => void,
  ) {}

  /** There may be work, perhaps of a tenant that had none. */
  invite(): void {
    this.invitations++;
    this.mayHaveWork = true;
  }

  /** Waits for the next invitation, whatever there may be. */
  dismiss(): void {
    this.mayHaveWork = false;
  }

  /** Whether a claim may find something. */
  get isInvited(): boolean {
    return this.mayHaveWork && this.context.mayClaim() && performance.now() >= this.notBefore;
  }

  /** Whether there may be tenants with work that is not known of, and it is time to find out. */
  private get mustLook(): boolean {
    if (this.invitations === this.seen) return false;
    return this.tenants.length === 0 || performance.now() >= this.lookWhenInvitedAt;
  }

  /** Whether somebody is finding out which tenants have work, and none is known meanwhile. */
  get isBlind(): boolean {
    return this.isLooking && this.tenants.length === 0;
  }

  /** Whether to find out again which tenants have work. */
  get isLookDue(): boolean {
    return this.context.limits === undefined && !this.isLooking && (this.mustLook || (this.tenants.length > 0 && !this.isFresh));
  }

  /** Finds out which tenants have work, and claims up to so many jobs of those that have none in the buffer. */
  async fetchForOthers(wanted: number): Promise<readonly ClaimedJob[]> {
    const asOf = this.invitations;
    await this.look();
    const waiting = this.tenants.filter((fairnessKey) => !this.buffer.has(fairnessKey));
    // Whoever empties the buffer as fast as it is filled has the ordinary claims.
    const served = new Set(this.underWay.flat().map(({ fairnessKey }) => fairnessKey));
    const unserved = waiting.filter((fairnessKey) => !served.has(fairnessKey));
    return (await this.claim(this.sharesOf(unserved.length > 0 ? unserved : waiting, wanted), [], asOf)).jobs;
  }

  /** Records what was completed and claims up to so many jobs, in one statement where the queue has no limits. */
  async fetch({ wanted, completed, isStopping }: FetchRequest): Promise<Fetched> {
    const { limits, store } = this.context;
    const wantsMore = !isStopping && this.isInvited;
    if (limits) {
      const isRecording = completed.length > 0;
      const { heldCount } = isRecording ? await store.claim({ ...this.claimant, shares: [], completed }) : { heldCount: 0 };
      const isClaiming = wantsMore && wanted > 0;
      const jobs = isClaiming ? await this.fetchWithin(limits, wanted) : [];
      return { jobs, lostCount: completed.length - heldCount, hasAsked: isRecording || isClaiming };
    }
    // What is announced from here on may not be in the answers.
    const asOf = this.invitations;
    const isClaiming = wantsMore && wanted > 0;
    const mustLook = isClaiming && !this.isLooking && (this.tenants.length === 0 || this.isLookDue);
    if (mustLook) await this.look();
    const { jobs, heldCount, hasAsked } = await this.claim(
      isClaiming ? this.sharesOf(this.tenants, wanted) : [],
      completed,
      asOf,
    );
    return { jobs, lostCount: completed.length - heldCount, hasAsked: hasAsked || mustLook };
  }

  /** Forgets what it waits for. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private get claimant() {
    return { queue: this.context.queue, workerId: this.context.workerId(), jobTypes: this.context.registry.types };
  }

  private async fetchWithin(limits: QueueLimits, wanted: number): Promise<readonly ClaimedJob[]> {
    const asOf = this.invitations;
    this.seen = asOf;
    const { jobs, retryAfterMs, mayHaveMore } = await this.context.store.claimWithin({
      ...this.claimant,
      limits,
      count: wanted,
      after: this.lastTenant,
      shareOut: (tenants, count) => this.turns.shareOut(tenants, count),
    });
    this.lastTenant = jobs.at(-1)?.fairnessKey ?? this.turns.last;
    this.emptyClaims = jobs.length > 0 ? 0 : this.emptyClaims + 1;
    const isOver = jobs.length < wanted && !(mayHaveMore && this.emptyClaims < EMPTY_CLAIMS);
    // Where a cap holds jobs back, the end of one of them invites again; for the rate limit it is the time.
    if (isOver && this.invitations === asOf) {
      this.mayHaveWork = false;
      this.emptyClaims = 0;
    }
    if (retryAfterMs !== undefined && jobs.length < wanted) this.waitFor(retryAfterMs, !limits.rateLimit?.perTenant);
    return jobs;
  }

  private async claim(shares: readonly Share[], completed: readonly JobClaim[], asOf: number) {
    if (shares.length === 0 && completed.length === 0) return { jobs: [], heldCount: 0, hasAsked: false };
    const began = performance.now();
    this.underWay.push(shares);
    try {
      const { jobs, heldCount } = await this.context.store.claim({ ...this.claimant, shares, completed });
      this.learn(shares, jobs, { began, asOf });
      return { jobs, heldCount, hasAsked: true };
    } finally {
      this.underWay.splice(this.underWay.indexOf(shares), 1);
    }
  }

  private sharesOf(tenants: readonly string[], count: number): Share[] {
    if (tenants.length === 0 || count === 0) return [];
    const rooms: TenantRoom[] = tenants.map((fairnessKey) => ({ fairnessKey, room: Infinity }));
    return this.turns.shareOut(rooms, count).map(({ fairnessKey, count: share }) => {
      this.untried.delete(fairnessKey);
      return { fairnessKey, count: share, after: this.cursors.get(fairnessKey) };
    });
  }

  private get isFresh(): boolean {
    // Of many tenants, those that were seen have their turns before others are looked for: else a round could end without them.
    return performance.now() < this.lookAgainAt || (!this.hasAllTenants && this.untried.size > 0);
  }

  /** Finds out which tenants have work. */
  private async look(): Promise<void> {
    const began = performance.now();
    const asOf = this.invitations;
    this.seen = asOf;
    this.isLooking = true;
    try {
      const found = await this.nextTenants(asOf);
      this.lookedTo = found.at(-1);
      this.tenants = found;
      this.untried = new Set(found);
      if (found.length === 0 && this.invitations === asOf) this.mayHaveWork = false;
    } finally {
      this.isLooking = false;
    }
    const tookMs = performance.now() - began;
    const quickerMs = Math.min(tookMs, this.lastLookMs);
    this.lastLookMs = tookMs;
    this.lookWhenInvitedAt = began + tookMs + quickerMs * (quickerMs > QUICK_LOOK_MS ? PAUSE_FACTOR - 1 : 1);
    this.lookAgainAt = began + Math.max(LOOK_AGAIN_MS, PAUSE_FACTOR * tookMs);
  }

  private async nextTenants(asOf: number): Promise<string[]> {
    const { store, queue } = this.context;
    const after = this.hasAllTenants ? undefined : this.lookedTo;
    let found = after === undefined ? [] : await store.findReadyTenants(queue, after, TENANTS_PER_CLAIM);
    const isNewRound = found.length === 0;
    if (isNewRound) {
      // Many tenants, and none of them had a job for this process: somebody has to say when that changes.
      const wasInVain = after !== undefined && this.round.claimed === 0 && this.round.asOf === asOf && this.untried.size === 0;
      this.round = { claimed: 0, asOf };
      if (!wasInVain) found = await store.findReadyTenants(queue, undefined, TENANTS_PER_CLAIM);
    }
    this.hasAllTenants = isNewRound && found.length < TENANTS_PER_CLAIM;
    return found;
  }

  /** Who got less than their share has no more; where everybody did, there is nothing until somebody says so. */
  private learn(shares: readonly Share[], jobs: readonly ClaimedJob[], { began, asOf }: { began: number; asOf: number }): void {
    this.round.claimed += jobs.length;
    const got = new Map<string, ClaimedJob[]>();
    for (const job of jobs) {
      const ofTenant = got.get(job.fairnessKey);
      if (ofTenant) ofTenant.push(job);
      else got.set(job.fairnessKey, [job]);
    }
    const empty = new Set<string>();
    const now = performance.now();
    if (now > this.cursorsUntil) {
      this.cursors.clear();
      this.cursorsUntil = now + CURSOR_MS;
    }
    // This one has begun at the front.
    if (shares.some(({ after }) => after === undefined))
      this.cursorsUntil = now + Math.max(CURSOR_MS, PAUSE_FACTOR * (now - began));
    for (const { fairnessKey, count, after } of shares) {
      const claimed = got.get(fairnessKey) ?? [];
      const last = claimed.at(-1);
      if (claimed.length < count) {
        this.cursors.delete(fairnessKey);
        // Behind the cursor may be jobs that it has passed.
        if (after === undefined) empty.add(fairnessKey);
      } else if (last) {
        this.cursors.set(fairnessKey, { priority: last.priority, id: last.id });
      }
    }
    if (empty.size === 0) return;
    this.tenants = this.tenants.filter((fairnessKey) => !empty.has(fairnessKey));
    if (this.tenants.length === 0 && this.hasAllTenants && this.invitations === asOf) this.mayHaveWork = false;
  }

  /** Looks again when the rate limit lets another job begin; until then not at all where nobody else may have a token. */
  private waitFor(ms: number, isForAll: boolean): void {
    if (this.isClosed) return;
    if (isForAll) this.notBefore = performance.now() + ms;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        this.notBefore = 0;
        this.invite();
        this.onDue();
      },
      Math.min(ms, TIMER_MAX_MS),
    );
  }
}
