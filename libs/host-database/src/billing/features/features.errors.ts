import { HostDatabaseError } from '../../common/index.js';

/** A key is not that of a feature. Nothing was written. */
export class UnknownFeatureError extends HostDatabaseError {
  readonly code = 'BILLING_UNKNOWN_FEATURE';

  constructor(
    readonly feature: string,
    /** The one whose key is most like it; empty where there are none. */
    readonly nearest: string,
  ) {
    super(`There is no feature '${feature}'.${hint(nearest)} Declare it in the option billing.features, or correct the key.`);
  }
}

/** A key is not that of a limit. Nothing was written. */
export class UnknownLimitError extends HostDatabaseError {
  readonly code = 'BILLING_UNKNOWN_LIMIT';

  constructor(
    readonly limit: string,
    /** The one whose key is most like it. */
    readonly nearest: string,
  ) {
    super(`There is no limit '${limit}'.${hint(nearest)} Declare it in the option billing.limits, or correct the key.`);
  }
}

function hint(nearest: string): string {
  return nearest === '' ? '' : ` Did you mean '${nearest}'?`;
}
