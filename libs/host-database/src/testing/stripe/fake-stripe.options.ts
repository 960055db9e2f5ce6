import type { Clock } from '../../common/index.js';

/** How a fake Stripe is set up. */
export interface FakeStripeOptions {
  /** The clock that it goes by. A `FakeClock` is moved by `advance()`; of any other, the fake Stripe runs ahead. @default the system's */
  readonly clock?: Clock;
  /** Where webhooks go. @default nowhere, until `webhooks.deliverTo()` */
  readonly webhookUrl?: string;
  /** The secrets that webhooks are signed with: several while one is rolled. @default one of its own */
  readonly secrets?: readonly string[];
  /** The version that events say they are made in; their shape is that of the default all the same. @default '2026-10-28.endive' */
  readonly apiVersion?: string;
  /** The only key that is let in. @default 'sk_test_fake' */
  readonly apiKey?: string;
  /** Where it listens. @default a port that is free */
  readonly port?: number;
  /** Whether each event also comes as a thin one (`v1.*`). @default false */
  readonly thinEvents?: boolean;
  /** How failed payments are collected. */
  readonly dunning?: {
    /** Days from each failed attempt to the next. @default 1, 2, 2, 2, 2, 2, 3: eight attempts in two weeks */
    readonly retryAfterDays?: readonly number[];
    /** What becomes of the subscription after the last one. @default 'canceled' */
    readonly finally?: 'canceled' | 'past_due' | 'paused' | 'unpaid';
  };
}
