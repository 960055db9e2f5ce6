import { InvalidOptionError } from '../../common/index.js';
import { defineLimits, builtInLimits, type LimitDefinitions } from './limits.js';

/** @throws InvalidOptionError where a key is not written as one, or is the library's own */
export function assertLimits(definitions: LimitDefinitions): LimitDefinitions {
  for (const key of Object.keys(defineLimits(definitions))) {
    if (Object.hasOwn(builtInLimits, key)) {
      throw new InvalidOptionError('billing.limits', `has '${key}', which is the library's own. Choose another key.`);
    }
  }
  return definitions;
}
