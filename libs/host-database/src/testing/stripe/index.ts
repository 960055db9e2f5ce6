export type { FakeStripePayment } from './checkout/checkout-payment.js';
export type { FakeStripeWebhooks, OutgoingEvent, WebhookDelivery } from './events/webhooks.js';
export { type FakeStripeCheckout, type FakeStripeClientOptions, FakeStripe } from './fake-stripe.js';
export type { FakeStripeOptions } from './fake-stripe.options.js';
export type { FakeStripeApiFaults, FakeStripeFailure, FakeStripeFault } from './http/api-faults.js';
export type { FakeStripeRequest } from './http/request-log.js';
export { FakeStripeRefusedError, FakeStripeStoppedError } from './stripe.errors.js';
