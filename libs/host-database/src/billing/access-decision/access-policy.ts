import { assertWholeOption, InvalidOptionError, withDefaults } from '../../common/index.js';

const LENIENT_LEVELS = ['full', 'restricted'] as const;

/** What is granted where Stripe's status alone does not say. */
export class AccessPolicy {
  /** How long a subscription keeps full access while its payment fails: Stripe retries for about as long. */
  readonly graceDays: number = 14;
  /** How long after that it keeps restricted access, which is to read; then it has none. */
  readonly restrictedDays: number = 14;
  /** How much later than Stripe's an end counts, since its clock is not this one's. */
  readonly clockSkewMs: number = 300_000;
  /** For how long after an end that Stripe should have told of access stays, while Stripe is asked: a webhook may have been lost. */
  readonly refreshHours: number = 72;
  /** What a subscription has whose invoices are not collected for a while. */
  readonly pausedCollection: 'full' | 'restricted' = 'full';
  /** What a purchase gives while a dispute about it is open. */
  readonly openDispute: 'full' | 'restricted' = 'restricted';
}

const WHOLE_OPTIONS = ['restrictedDays', 'clockSkewMs', 'refreshHours'] as const;

/** @throws InvalidOptionError */
export function resolveAccessPolicy(given?: Partial<AccessPolicy>): AccessPolicy {
  const policy = withDefaults<AccessPolicy>(new AccessPolicy(), given);
  assertWholeOption('billing.graceDays', policy.graceDays, 0);
  for (const name of WHOLE_OPTIONS) assertWholeOption(`billing.policy.${name}`, policy[name], 0);
  for (const name of ['pausedCollection', 'openDispute'] as const) {
    if (LENIENT_LEVELS.includes(policy[name])) continue;
    throw new InvalidOptionError(`billing.policy.${name}`, `is '${policy[name]}'. Use one of: ${LENIENT_LEVELS.join(', ')}.`);
  }
  return policy;
}
