import { FakeStripeRefusedError } from '../stripe.errors.js';

/** An id that names nothing, or something that was deleted. */
export function resourceMissing(what: string, id: string, param = 'id'): FakeStripeRefusedError {
  return new FakeStripeRefusedError(`No such ${what}: '${id}'`, { status: 404, stripeCode: 'resource_missing', param });
}

/** An id in a parameter that names nothing: refused as a bad request, where the same in a path is not found. */
export function parameterNamesNothing(what: string, id: string, param: string): FakeStripeRefusedError {
  return new FakeStripeRefusedError(`No such ${what}: '${id}'`, { status: 400, stripeCode: 'resource_missing', param });
}

export function parameterMissing(param: string): FakeStripeRefusedError {
  return new FakeStripeRefusedError(`Missing required param: ${param}.`, { stripeCode: 'parameter_missing', param });
}

export function parameterUnknown(param: string): FakeStripeRefusedError {
  return new FakeStripeRefusedError(
    `Received unknown parameter: ${param}. Stripe does not know it at this version, or the fake Stripe does not play it.`,
    { stripeCode: 'parameter_unknown', param },
  );
}

export function parameterInvalid(param: string, problem: string, stripeCode?: string): FakeStripeRefusedError {
  return new FakeStripeRefusedError(`Invalid ${param}: ${problem}`, { param, ...(stripeCode && { stripeCode }) });
}

/** Two parameters that exclude each other. */
export function parametersExclusive(one: string, other: string): FakeStripeRefusedError {
  return new FakeStripeRefusedError(`You may only specify one of these parameters: ${one}, ${other}.`, {
    stripeCode: 'parameters_exclusive',
    param: one,
  });
}

/** A bank that wants its customer to confirm. */
export function confirmationRequired(): FakeStripeRefusedError {
  return new FakeStripeRefusedError('Payment for this invoice requires additional user action before it can be completed.', {
    status: 402,
    type: 'card_error',
    stripeCode: 'invoice_payment_intent_requires_action',
  });
}

/** A bank that says no. */
export function cardDeclined(declineCode = 'generic_decline'): FakeStripeRefusedError {
  return new FakeStripeRefusedError('Your card was declined.', {
    status: 402,
    type: 'card_error',
    stripeCode: 'card_declined',
    declineCode,
  });
}
