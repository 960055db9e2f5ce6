import type { RateLimit, TenantRoom } from './job-store.interface.js';

/** A bucket of tokens, one for each job that may begin. */
export interface TokenBucket {
  readonly tokens: number;
  /** How long ago it was filled; undefined for one that is new, and so full. */
  readonly filledAgoMs: number | undefined;
}

/** What rounding may take from a token. */
const EPSILON = 1e-9;

/** The tokens in a bucket now: it gains `limit` of them in each period and holds no more. */
export function refill({ limit, periodMs }: RateLimit, { tokens, filledAgoMs }: TokenBucket): number {
  if (filledAgoMs === undefined) return limit;
  // Two clocks may differ by a little; time that ran backwards takes nothing away.
  return Math.min(limit, tokens + (Math.max(0, filledAgoMs) * limit) / periodMs);
}

/** How many jobs so many tokens let begin. */
export function wholeTokens(tokens: number): number {
  return Math.floor(tokens + EPSILON);
}

/** How long until a bucket has a whole token. */
export function nextTokenMs({ limit, periodMs }: RateLimit, tokens: number): number {
  return Math.max(1, Math.ceil(((1 - EPSILON - tokens) * periodMs) / limit));
}

/** The buckets of a queue that a claim opens: one of its own, or one for each tenant. */
export class TokenBuckets {
  private readonly tokens = new Map<string, number>();

  constructor(
    private readonly rateLimit: RateLimit,
    private readonly stored: ReadonlyMap<string, TokenBucket>,
  ) {}

  /** Which of the tenants may begin jobs, and how many, of each and together. */
  narrow(tenants: readonly TenantRoom[]): { readonly rooms: readonly TenantRoom[]; readonly room: number } {
    const rooms = tenants
      .map(({ fairnessKey, room }) => ({ fairnessKey, room: Math.min(room, wholeTokens(this.open(this.bucketOf(fairnessKey)))) }))
      .filter(({ room }) => room > 0);
    return { rooms, room: this.rateLimit.perTenant ? Infinity : wholeTokens(this.tokens.get('') ?? 0) };
  }

  /** How long until one of the buckets that were empty has a token; undefined where none was. */
  get retryAfterMs(): number | undefined {
    const empty = [...this.tokens.values()].filter((tokens) => wholeTokens(tokens) < 1);
    return empty.length > 0 ? nextTokenMs(this.rateLimit, Math.max(...empty)) : undefined;
  }

  /** Takes a token for each of these jobs. Returns what is left in the buckets that they were taken from. */
  spend(jobs: readonly { readonly fairnessKey: string }[]): ReadonlyMap<string, number> {
    const left = new Map<string, number>();
    for (const { fairnessKey } of jobs) {
      const key = this.bucketOf(fairnessKey);
      left.set(key, Math.max(0, (left.get(key) ?? this.open(key)) - 1));
    }
    return left;
  }

  private bucketOf(fairnessKey: string): string {
    return this.rateLimit.perTenant ? fairnessKey : '';
  }

  private open(key: string): number {
    const opened = this.tokens.get(key);
    if (opened !== undefined) return opened;
    const tokens = refill(this.rateLimit, this.stored.get(key) ?? { tokens: 0, filledAgoMs: undefined });
    this.tokens.set(key, tokens);
    return tokens;
  }
}
