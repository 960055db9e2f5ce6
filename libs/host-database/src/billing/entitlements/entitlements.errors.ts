import { HostDatabaseError } from '../../common/index.js';
import type { AccessDecision } from '../access-decision/index.js';

/** Who has not paid, for what, and where that can be mended. */
export interface PaymentRequiredFacts {
  readonly tenantId: string;
  /** What was asked for: `subscription`, `feature:<key>`, `tier:<level>`, or `limit:<key>`. */
  readonly requires: string;
  readonly access: AccessDecision;
  readonly portalUrl: string | null;
}

/** What was asked for is not paid for: there is no access, or the plan does not include it. Nothing was done. */
export class PaymentRequiredError extends HostDatabaseError {
  readonly code = 'BILLING_PAYMENT_REQUIRED';
  readonly tenantId: string;
  /** `subscription`, `feature:<key>`, `tier:<level>`, or `limit:<key>`. */
  readonly requires: string;
  /** The status of the subscription, as Stripe names it; `trial` for a trial of the host's, `none` where there is nothing. */
  readonly status: string;
  /** How much access there is: where it is full, the plan does not include what was asked for. */
  readonly level: AccessDecision['level'];
  readonly reason: AccessDecision['reason'];
  /** The end of the grace period, before and after it. */
  readonly graceUntil: Date | null;
  /** Where the tenant can pay, if the option `billing.portalUrl` says that. */
  readonly portalUrl: string | null;

  constructor({ tenantId, requires, access, portalUrl }: PaymentRequiredFacts) {
    const isOpen = access.level === 'full' || access.level === 'grace';
    const why = isOpen ? 'the plan does not include it' : `the subscription is ${access.status} (${access.reason})`;
    const where = portalUrl === null ? 'Choose a plan, or pay what is open.' : `Choose a plan, or pay what is open: ${portalUrl}`;
    super(`Tenant ${tenantId} cannot use this (${requires}): ${why}. ${where}`);
    this.tenantId = tenantId;
    this.requires = requires;
    this.status = access.status;
    this.level = access.level;
    this.reason = access.reason;
    this.graceUntil = access.graceUntil;
    this.portalUrl = portalUrl;
  }
}

/** The plan includes no more of these. Nothing was counted. */
export class UsageLimitReachedError extends HostDatabaseError {
  readonly code = 'BILLING_USAGE_LIMIT_REACHED';

  constructor(
    readonly tenantId: string,
    readonly limit: string,
    /** How many the plan includes. */
    readonly most: number,
  ) {
    super(`The plan of tenant ${tenantId} includes ${most} of '${limit}'. Free some, or choose a plan with more.`);
  }
}

/** The tenant has had its trial. Nothing was written. */
export class TrialUsedError extends HostDatabaseError {
  readonly code = 'BILLING_TRIAL_USED';

  constructor(
    readonly tenantId: string,
    options?: ErrorOptions,
  ) {
    super(`Tenant ${tenantId} has had a trial, and there is one for each. Start a subscription without one.`, options);
  }
}
