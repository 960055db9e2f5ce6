import type { PaymentType } from '../subscription.entity.js';

/** What counts of a subscription or a purchase when access is decided. `Subscription` satisfies it. */
export interface SubscriptionState {
  /** As Stripe names it. One that is not known here gives no access. */
  readonly status: string;
  readonly paymentType: PaymentType;
  /** Where there is one, Stripe can be asked how things stand; else the row is all there is to know. */
  readonly stripeSubId?: string | null;
  /** The tenant's other subscription, where that was live first: one that was bought twice counts once. */
  readonly duplicateOf?: string | null;
  readonly trialEnd?: Date | null;
  readonly currentPeriodEnd?: Date | null;
  readonly cancelAtPeriodEnd?: boolean;
  /** When it ends. The customer portal sets this one, and leaves `cancelAtPeriodEnd` false. */
  readonly cancelAt?: Date | null;
  /** Since when it has been past due, without a payment between. Further failed charges do not move it. */
  readonly firstPastDueAt?: Date | null;
  /** The end of its grace period, as it was promised; without it `graceDays` count from `firstPastDueAt`. */
  readonly graceUntil?: Date | null;
  /** Whether invoices are made and not collected (`pause_collection`), which leaves the status as it is. */
  readonly isCollectionPaused?: boolean;
  /** Of a purchase: `paid`, `no_payment_required` or `unpaid`, where that is recorded. */
  readonly paymentStatus?: string | null;
  /** Of a purchase: whether all of it was paid back. */
  readonly isRefunded?: boolean;
  /** Of a purchase: how a dispute about it stands, `open` until it is `won` or `lost`. */
  readonly dispute?: 'open' | 'won' | 'lost' | null;
}

/** A trial that the host has given, without a subscription. */
export interface TrialState {
  readonly endsAt: Date;
}
