import type { Clock } from '../../../common/index.js';
import { EventLog } from '../events/event-log.js';
import type { FakeStripeOptions } from '../fake-stripe.options.js';
import { StripeAccount } from './stripe-account.js';
import { StripeTime } from './stripe-time.js';
import { Timeline } from './timeline.js';

/** Eight attempts within two weeks, as Stripe recommends. */
const RETRY_AFTER_DAYS = [1, 2, 2, 2, 2, 2, 3];

/** Makes an empty account. */
export function makeAccount({
  clock,
  apiVersion,
  thinEvents = false,
  dunning = {},
}: FakeStripeOptions & { readonly clock: Clock; readonly apiVersion: string }): StripeAccount {
  const time = new StripeTime(clock);
  return new StripeAccount(time, new Timeline(time), new EventLog(time, { apiVersion, thinEvents }), {
    retryAfterDays: dunning.retryAfterDays ?? RETRY_AFTER_DAYS,
    finally: dunning.finally ?? 'canceled',
  });
}
