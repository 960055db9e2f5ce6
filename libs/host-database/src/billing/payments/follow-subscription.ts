import type { JobsService } from '../../jobs/index.js';

/** The type of the jobs that ask Stripe how something stands. */
const FOLLOW_STRIPE_JOB = 'billing.follow-stripe';

/** Has Stripe asked how a subscription stands, without waiting for a webhook. In the caller's transaction, if there is one. */
export async function followSubscription(jobs: JobsService, stripeSubId: string): Promise<void> {
  await jobs.enqueue(FOLLOW_STRIPE_JOB, { subject: `subscription:${stripeSubId}` }, { queue: 'stripe' });
}
