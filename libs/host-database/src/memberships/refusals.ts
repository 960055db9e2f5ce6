import {
  ImpersonatedOwnerChangeError,
  InsufficientAuthorityError,
  LastOwnerError,
  SeatLimitReachedError,
} from './memberships.errors.js';

const REFUSALS = [InsufficientAuthorityError, ImpersonatedOwnerChangeError, LastOwnerError, SeatLimitReachedError] as const;

export type Refusal = InstanceType<(typeof REFUSALS)[number]>;

/** Whether an error says that somebody was kept from something, which the audit log is to know. */
export function isRefusal(error: unknown): error is Refusal {
  return REFUSALS.some((Class) => error instanceof Class);
}
