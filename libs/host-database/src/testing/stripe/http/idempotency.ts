import type { StripeTime } from '../account/stripe-time.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';

const KEPT_FOR_MS = 24 * 3_600_000;

/** An answer that is given again to the same request. */
export interface StoredAnswer {
  readonly status: number;
  readonly body: string;
}

interface Entry {
  readonly fingerprint: string;
  readonly atMs: number;
  /** None while the first request is being answered. */
  readonly answer?: StoredAnswer;
}

/** Remembers for a day what was answered under each idempotency key. */
export class IdempotencyKeys {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly time: StripeTime) {}

  /**
   * Begins a request under a key. Returns the answer that was given before, if there was one.
   *
   * @throws FakeStripeRefusedError where the key belongs to another request, or to one that is not answered yet
   */
  begin(key: string, fingerprint: string): StoredAnswer | undefined {
    const entry = this.entries.get(key);
    if (entry && this.time.nowMs - entry.atMs < KEPT_FOR_MS) {
      if (entry.fingerprint !== fingerprint) {
        throw new FakeStripeRefusedError(
          `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
          { type: 'idempotency_error' },
        );
      }
      if (!entry.answer) {
        throw new FakeStripeRefusedError('There is currently another in-progress request using this Idempotent Key.', {
          status: 409,
          type: 'idempotency_error',
          stripeCode: 'idempotency_key_in_use',
        });
      }
      return entry.answer;
    }
    this.entries.set(key, { fingerprint, atMs: this.time.nowMs });
    return undefined;
  }

  /** Keeps the answer. What was refused before anything was done may be tried again under the key. */
  end(key: string, answer: StoredAnswer): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    if (answer.status < 300 || answer.status === 402 || answer.status >= 500) this.entries.set(key, { ...entry, answer });
    else this.entries.delete(key);
  }
}
