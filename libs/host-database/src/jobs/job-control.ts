/**
 * Thrown by a handler: try again after so many milliseconds instead of what the policy says. The attempt counts.
 */
export class RetryAfter extends Error {
  override readonly name = 'RetryAfter';

  constructor(
    readonly delayMs: number,
    options?: ErrorOptions,
  ) {
    super(`Try again after ${delayMs} ms.`, options);
  }
}

/** Thrown by a handler: the job cannot succeed, do not try again. It becomes a dead letter. */
export class Discard extends Error {
  override readonly name = 'Discard';
}

/** Thrown by a handler: not now, but after so many milliseconds. The attempt does not count. */
export class Snooze extends Error {
  override readonly name = 'Snooze';

  constructor(readonly delayMs: number) {
    super(`Not now, but after ${delayMs} ms.`);
  }
}
