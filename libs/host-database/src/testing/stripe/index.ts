export { type FakeStripeCheckout, type FakeStripeClientOptions, FakeStripe } from './fake-stripe.js';
export type { FakeStripeOptions } from './fake-stripe.options.js';
export { FakeStripeRefusedError, FakeStripeStoppedError } from './stripe.errors.js';
