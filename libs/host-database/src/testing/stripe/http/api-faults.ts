import { setTimeout as delay } from 'node:timers/promises';

/** Which calls a fault is for. */
export interface FakeStripeFault {
  /** Only calls whose path begins so, such as `/v1/subscriptions`. @default every call */
  readonly path?: string;
  readonly method?: 'DELETE' | 'GET' | 'POST';
  /** How many calls. @default 1 */
  readonly times?: number;
}

/** A call that fails without an answer, or with a bad one. */
export interface FakeStripeFailure extends FakeStripeFault {
  /** An HTTP status, or `reset`: the connection ends without an answer. */
  readonly with: 'reset' | 429 | 500 | 503;
  /** Whether the call has its effect all the same. @default false */
  readonly afterEffect?: boolean;
}

interface Pending {
  readonly failure: FakeStripeFailure;
  left: number;
}

const A_SECOND_MS = 1000;

/** What goes wrong with calls of the fake Stripe's API. */
export class FakeStripeApiFaults {
  private readonly failures: Pending[] = [];
  private readonly calls = new Map<string, number[]>();
  private latencyMs = 0;
  private gate: Promise<void> | undefined;
  private limit: { readonly perSecond: number; readonly nowMs: () => number } | undefined;

  /** Has the next calls fail. */
  failNext(failure: FakeStripeFailure): void {
    this.failures.push({ failure, left: failure.times ?? 1 });
  }

  /** Answers every call so much later, in real time. What a call does is done at once: its webhooks may be there before its answer. */
  answerAfter(latencyMs: number): void {
    this.latencyMs = latencyMs;
  }

  /** Keeps every answer back until the returned function is called. What a call does or reads, it does at once: the answer may be stale. */
  holdAnswers(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gate = promise;
    return () => {
      this.gate = undefined;
      resolve();
    };
  }

  /**
   * Answers 429 to more calls of one endpoint than these in any second: all `GET /v1/subscriptions/{id}` are one.
   *
   * @param limit `nowMs` is real time by default
   */
  limitRate({
    perSecond = 25,
    nowMs = () => performance.now(),
  }: { readonly perSecond?: number; readonly nowMs?: () => number } = {}): void {
    this.limit = { perSecond, nowMs };
  }

  /** Nothing goes wrong from now on. */
  clear(): void {
    this.failures.length = 0;
    this.latencyMs = 0;
    this.limit = undefined;
  }

  /** @internal */
  async wait(): Promise<void> {
    if (this.latencyMs > 0) await delay(this.latencyMs);
    await this.gate;
  }

  /** @internal What goes wrong with this call. */
  take(method: string, path: string): FakeStripeFailure | undefined {
    const pending = this.failures.find(
      ({ failure, left }) => left > 0 && path.startsWith(failure.path ?? '') && method === (failure.method ?? method),
    );
    if (!pending) return undefined;
    pending.left -= 1;
    return pending.failure;
  }

  /** @internal Whether there are too many of these calls. */
  exceeds(endpoint: string): boolean {
    if (!this.limit) return false;
    const now = this.limit.nowMs();
    const recent = (this.calls.get(endpoint) ?? []).filter((at) => now - at < A_SECOND_MS);
    const isTooMuch = recent.length >= this.limit.perSecond;
    // What is refused does not count.
    if (!isTooMuch) recent.push(now);
    this.calls.set(endpoint, recent);
    return isTooMuch;
  }
}
