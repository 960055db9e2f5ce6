/** How much access there is, the most first. `restricted` is to read; `blocked` is none. */
export const ACCESS_LEVELS = ['full', 'grace', 'restricted', 'blocked'] as const;

export type AccessLevel = (typeof ACCESS_LEVELS)[number];

/** Why there is so much access. */
export type AccessReason =
  | 'paid'
  | 'trial'
  | 'past-due'
  | 'collection-paused'
  | 'dispute-open'
  | 'trial-ended'
  | 'ended'
  | 'unpaid'
  | 'paused'
  | 'payment-pending'
  | 'refunded'
  | 'dispute-lost'
  | 'duplicate'
  | 'unknown-status'
  | 'no-subscription';

/** What was decided. */
export interface AccessDecision {
  readonly level: AccessLevel;
  readonly reason: AccessReason;
  /** The status of the subscription that decided; `trial` for a trial of the host's, `none` where there is nothing. */
  readonly status: string;
  /** Until when the level holds if nothing is heard; null where time alone does not change it. */
  readonly until: Date | null;
  /** The end of the grace period, before and after it; null where nothing is past due. */
  readonly graceUntil: Date | null;
  /** Whether Stripe should have told of a change by now, and is to be asked. */
  readonly needsRefresh: boolean;
}
