import type { Feature, Limits } from './features/index.js';

/** What may be said of a plan. Amounts are in minor units of the currency. */
export interface PlanFacts {
  readonly name?: string;
  readonly description?: string | null;
  readonly stripePriceMonthly?: string | null;
  readonly stripePriceYearly?: string | null;
  readonly amountMonthly?: number | null;
  readonly amountYearly?: number | null;
  /** ISO 4217, lower case. @default 'usd' */
  readonly currency?: string;
  /** @default 30 */
  readonly trialDays?: number;
  /** Keys of what the plan includes. @default [] */
  readonly features?: readonly Feature[];
  /** How much of what is counted it includes, such as `{ seats: 5 }`; what is missing is not limited. @default null */
  readonly limits?: Limits | null;
  /** @default 1 */
  readonly tierLevel?: number;
  readonly isActive?: boolean;
  readonly sortOrder?: number;
}
