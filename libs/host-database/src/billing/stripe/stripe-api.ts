/** An object of Stripe's. Of what it has besides its id, the version of the API decides: whoever reads it looks twice. */
interface StripeObject {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** One page of a list. */
interface StripePage {
  readonly data: readonly StripeObject[];
  readonly has_more: boolean;
}

/** What a call says beside its parameters. */
interface StripeCallOptions {
  readonly idempotencyKey?: string;
}

type Params = Readonly<Record<string, unknown>>;

interface Reads {
  retrieve(id: string, params?: Params, options?: StripeCallOptions): Promise<StripeObject>;
}

interface Lists {
  list(params?: Params, options?: StripeCallOptions): PromiseLike<StripePage>;
}

interface Creates {
  create(params: Params, options?: StripeCallOptions): Promise<StripeObject>;
}

interface Updates {
  update(id: string, params: Params, options?: StripeCallOptions): Promise<StripeObject>;
}

/**
 * The part of Stripe's SDK that is used here, without its types: the published types of the library do not need the package. `new Stripe()`
 * is one.
 */
export interface StripeApi {
  readonly subscriptions: Reads &
    Lists &
    Updates & { cancel(id: string, params?: Params, options?: StripeCallOptions): Promise<StripeObject> };
  readonly subscriptionItems: Updates;
  readonly subscriptionSchedules: Reads &
    Creates &
    Updates & { release(id: string, params?: Params, options?: StripeCallOptions): Promise<StripeObject> };
  readonly customers: Reads & Creates;
  readonly checkout: {
    readonly sessions: Reads &
      Creates &
      Lists & { expire(id: string, params?: Params, options?: StripeCallOptions): Promise<StripeObject> };
  };
  readonly billingPortal: { readonly sessions: Creates };
  readonly invoices: Reads & Lists & { createPreview(params: Params, options?: StripeCallOptions): Promise<StripeObject> };
  readonly paymentIntents: Reads & Lists;
  readonly charges: Reads & Lists;
  readonly refunds: Reads & Lists & Creates;
  readonly disputes: Reads & Lists;
  readonly products: Reads & Lists & Creates & Updates;
  readonly prices: Reads & Lists & Creates & Updates;
  readonly events: Reads & Lists;
}
