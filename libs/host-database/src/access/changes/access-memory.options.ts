import { assertWholeOption } from '../../common/index.js';

/** How much a process remembers of who may do what. */
export interface AccessMemoryOptions {
  /** How many answers of a kind are remembered; for one more, the one that nobody has asked for longest is forgotten. @default 10_000 */
  readonly maxEntries: number;
  /**
   * For how long an answer counts at most, while this process hears of changes; where it does not hear, none counts. It bounds what a
   * notification that was lost unnoticed can do. 0 remembers nothing. @default 60_000
   */
  readonly ttlMs: number;
}

export const defaultAccessMemoryOptions: AccessMemoryOptions = { maxEntries: 10_000, ttlMs: 60_000 };

/** @throws InvalidOptionError */
export function assertAccessMemoryOptions(options: AccessMemoryOptions): AccessMemoryOptions {
  assertWholeOption('access.memory.maxEntries', options.maxEntries, 1);
  assertWholeOption('access.memory.ttlMs', options.ttlMs, 0);
  return options;
}
