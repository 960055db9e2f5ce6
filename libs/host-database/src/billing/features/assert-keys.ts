import { InvalidOptionError } from '../../common/index.js';

const KEY_PATTERN = /^[a-z][a-z0-9_-]*$/;
/** As long as a lookup key of Stripe can be. */
const KEY_MAX_LENGTH = 80;

/** @throws InvalidOptionError where a key is not written as one */
export function assertKeys(option: string, definitions: object): void {
  for (const key of Object.keys(definitions)) {
    if (KEY_PATTERN.test(key) && key.length <= KEY_MAX_LENGTH) continue;
    const form = `in lower case, with at most ${KEY_MAX_LENGTH} letters, digits, underscores and dashes`;
    throw new InvalidOptionError(option, `has '${key}'. Name it as in 'api_access', ${form}.`);
  }
}
