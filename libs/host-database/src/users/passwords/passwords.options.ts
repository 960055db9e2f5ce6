import { assertWholeOption, InvalidOptionError, withDefaults } from '../../common/index.js';
import type { PasswordHasher } from './password-hasher.js';

/** What a hash costs. The defaults are those that OWASP recommends for argon2id. */
export interface Argon2Options {
  /** How much memory one takes, for about as long as its passes take. @default 19456, that is 19 MiB */
  readonly memoryKib: number;
  /** @default 2 */
  readonly passes: number;
  /** Threads of one hash. @default 1 */
  readonly parallelism: number;
}

/** How passwords are kept and chosen. A character is a code point, after Unicode's normalization NFKC. */
export interface PasswordsOptions {
  /** How many characters a new password has at least; 8 is as low as NIST SP 800-63B goes. @default 10 */
  readonly minLength: number;
  /** How many it has at most. What is longer is not hashed, so that nobody can have long ones hashed. @default 256 */
  readonly maxLength: number;
  /** Passwords that nobody may choose, in whatever case, beside those that everybody guesses first: the application's own name. */
  readonly commonPasswords: readonly string[];
  /** When it is changed, each person has a new hash after their next sign-in. */
  readonly argon2: Argon2Options;
  /** What makes and verifies hashes. @default argon2id, by the package @node-rs/argon2 */
  readonly hasher?: PasswordHasher;
}

/** {@link PasswordsOptions}, each with its default. */
export interface GivenPasswordsOptions extends Partial<Omit<PasswordsOptions, 'argon2'>> {
  readonly argon2?: Partial<Argon2Options>;
}

const SHORTEST_MINIMUM = 8;
/** NIST SP 800-63B: whoever likes a passphrase has to be let. */
const SHORTEST_MAXIMUM = 64;
const LONGEST_MAXIMUM = 4_096;
/** RFC 9106 section 3.1. */
const MEMORY_FOR_EACH_THREAD_KIB = 8;
const MOST_THREADS = 255;

/** @throws InvalidOptionError */
export function resolvePasswordsOptions({ argon2, ...given }: GivenPasswordsOptions = {}): PasswordsOptions {
  const defaults = { minLength: 10, maxLength: 256, commonPasswords: [] as readonly string[] };
  const options = { ...withDefaults(defaults, given), argon2: resolveArgon2Options(argon2) };
  const { minLength, maxLength } = options;
  assertWholeOption('users.passwords.minLength', minLength, SHORTEST_MINIMUM);
  assertWholeOption('users.passwords.maxLength', maxLength, SHORTEST_MAXIMUM);
  if (maxLength > LONGEST_MAXIMUM) {
    throw new InvalidOptionError('users.passwords.maxLength', `is ${maxLength}. Use ${LONGEST_MAXIMUM} at most.`);
  }
  if (minLength > maxLength) {
    throw new InvalidOptionError('users.passwords.minLength', `is ${minLength}. Use no more than maxLength, ${maxLength}.`);
  }
  return options;
}

function resolveArgon2Options(given: Partial<Argon2Options> | undefined): Argon2Options {
  const options = withDefaults({ memoryKib: 19_456, passes: 2, parallelism: 1 }, given);
  const { memoryKib, passes, parallelism } = options;
  assertWholeOption('users.passwords.argon2.parallelism', parallelism, 1);
  assertWholeOption('users.passwords.argon2.passes', passes, 1);
  assertWholeOption('users.passwords.argon2.memoryKib', memoryKib, MEMORY_FOR_EACH_THREAD_KIB * parallelism);
  if (parallelism > MOST_THREADS) {
    throw new InvalidOptionError('users.passwords.argon2.parallelism', `is ${parallelism}. Use ${MOST_THREADS} at most.`);
  }
  return options;
}
