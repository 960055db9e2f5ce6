import { assertDelay } from './job-delay.js';

/**
 * Thrown by a handler: try again after so many milliseconds instead of what the policy says. The attempt counts.
 *
 * @throws InvalidInputError when it is no such time: the job then fails with that, and its policy says when it is tried again
 */
export class RetryAfter extends Error {
  override readonly name = 'RetryAfter';

  constructor(
    readonly delayMs: number,
    options?: ErrorOptions,
  ) {
    super(`Try again after ${delayMs} ms.`, options);
    assertDelay(delayMs);
  }
}

/** Thrown by a handler: the job cannot succeed, do not try again. It becomes a dead letter. */
export class Discard extends Error {
  override readonly name = 'Discard';
}

/**
 * Thrown by a handler: not now, but after so many milliseconds. The attempt does not count.
 *
 * @throws InvalidInputError when it is no such time
 */
export class Snooze extends Error {
  override readonly name = 'Snooze';

  constructor(readonly delayMs: number) {
    super(`Not now, but after ${delayMs} ms.`);
    assertDelay(delayMs);
  }
}
