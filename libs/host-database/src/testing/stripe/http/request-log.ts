/** A call of the API, as it came in. */
export interface FakeStripeRequest {
  readonly method: string;
  readonly path: string;
  /** The parameters, nested: every value is text, as it was sent. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string | undefined;
  /** The `Stripe-Version` header. */
  readonly apiVersion: string | undefined;
  /** The status of the answer; undefined until there is one, and for a connection that was cut. */
  readonly status: number | undefined;
}
