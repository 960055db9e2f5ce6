import { assertId, assertInt32, assertText, InvalidInputError } from '../common/index.js';
import { assertDelay } from './job-delay.js';
import { isQueueName } from './jobs.options.js';

/** What else to know about a job. */
export interface EnqueueOptions {
  /** The tenant that the work is for; the handler runs in its context and, where there are tenant entities, in its database. */
  readonly tenantId?: string;
  /** @default the queue that the handler names, if there is one in this process, or 'default' */
  readonly queue?: string;
  /** The smaller one runs first, among the jobs of one tenant in one queue. @default 0 */
  readonly priority?: number;
  /** How long it waits, by the database's clock. */
  readonly delayMs?: number;
  /** When it is due, instead of `delayMs`. */
  readonly runAt?: Date;
  /** How many attempts there are in all. @default the handler's policy */
  readonly maxAttempts?: number;
  /** Of the jobs of one type and tenant that have not ended, one has this key: another is not written, that one is returned. */
  readonly uniqueKey?: string;
  /** What a cap per key counts: `maxRunningPerKey` of the queue. */
  readonly concurrencyKey?: string;
}

const INT32_MIN = -2_147_483_648;
const RUN_AT_MAX = Date.UTC(9999, 11, 31);

/** @throws InvalidInputError, InvalidIdError naming the option that is wrong */
export function assertEnqueueOptions(options: EnqueueOptions): void {
  const { tenantId, queue, priority, delayMs, runAt, maxAttempts, uniqueKey, concurrencyKey } = options;
  if (tenantId !== undefined) assertId(tenantId, 'tenant');
  if (queue !== undefined) assertQueue(queue);
  if (priority !== undefined) assertInt32(priority, 'priority', INT32_MIN);
  if (maxAttempts !== undefined) assertInt32(maxAttempts, 'maxAttempts', 1);
  if (uniqueKey !== undefined) assertKey(uniqueKey, 'uniqueKey');
  if (concurrencyKey !== undefined) assertKey(concurrencyKey, 'concurrencyKey');
  if (delayMs !== undefined && runAt !== undefined) {
    throw new InvalidInputError('runAt', 'is given beside delayMs. Pass one of the two.');
  }
  if (delayMs !== undefined) assertDelay(delayMs);
  if (runAt !== undefined && !(runAt instanceof Date && runAt.getTime() >= 0 && runAt.getTime() <= RUN_AT_MAX)) {
    throw new InvalidInputError('runAt', 'must be a valid Date, of the years 1970 to 9999.');
  }
}

/** @throws InvalidInputError when it is no name for a queue */
export function assertQueue(queue: string): void {
  if (typeof queue === 'string' && isQueueName(queue)) return;
  throw new InvalidInputError('queue', 'must be 1 to 63 lower-case letters, digits, dots, dashes or underscores.');
}

function assertKey(key: string, field: string): void {
  // Stored as it is given: what a trim would make equal has to be equal.
  if (assertText(key, field) !== key) throw new InvalidInputError(field, 'must not begin or end with white space.');
}
