import { Inject, Injectable } from '@nestjs/common';
import { assertInt32, assertText, nearestName } from '../../common/index.js';
import { BILLING_OPTIONS, type ResolvedBillingOptions } from '../billing.options.js';
import type { Feature } from './features.js';
import { UnknownFeatureError, UnknownLimitError } from './features.errors.js';
import { builtInLimits, type Limit, type Limits } from './limits.js';

/** Which features and limits there are: the library's and the application's. */
@Injectable()
export class FeatureCatalogue {
  /** Sorted. */
  readonly features: readonly string[];
  /** Sorted. */
  readonly limits: readonly string[];

  constructor(@Inject(BILLING_OPTIONS) { features, limits }: Pick<ResolvedBillingOptions, 'features' | 'limits'>) {
    this.features = Object.keys(features).toSorted();
    this.limits = Object.keys({ ...limits, ...builtInLimits }).toSorted();
  }

  /** Returns the keys sorted, each once. @throws UnknownFeatureError, InvalidInputError */
  assertFeatures(keys: readonly string[]): Feature[] {
    for (const given of keys) {
      const key = assertText(given, 'features');
      if (!this.features.includes(key)) throw new UnknownFeatureError(key, nearestName(key, this.features));
    }
    return [...new Set(keys)].toSorted() as Feature[];
  }

  /** @throws UnknownLimitError, InvalidInputError */
  assertLimit(given: string): Limit {
    const key = assertText(given, 'limit');
    if (!this.limits.includes(key)) throw new UnknownLimitError(key, nearestName(key, this.limits));
    return key as Limit;
  }

  /** Returns them by their keys, sorted. @throws UnknownLimitError, InvalidInputError */
  assertLimits(limits: Readonly<Record<string, number | undefined>>): Limits {
    const given = Object.entries(limits).filter(([, most]) => most !== undefined);
    for (const [key, most] of given) {
      this.assertLimit(key);
      assertInt32(most, `limits.${key}`);
    }
    return Object.fromEntries(given.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}
