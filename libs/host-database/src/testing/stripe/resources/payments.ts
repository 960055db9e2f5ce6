import type { StripeAccount } from '../account/stripe-account.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import type { ApiCall, Route } from '../http/router.js';

/** `/v1/payment_intents` and `/v1/charges`: made by invoices and checkout sessions only. */
export function paymentRoutes(account: StripeAccount): Route[] {
  const intents = (call: ApiCall): object => {
    const customer = call.params.only(...LIST_PARAMS, 'customer').text('customer');
    return pageOf(
      call,
      account.paymentIntents.newestFirst().filter((intent) => customer === undefined || intent.customer === customer),
    );
  };

  const charges = (call: ApiCall): object => {
    const { params } = call;
    params.only(...LIST_PARAMS, 'customer', 'payment_intent');
    const rows = account.charges
      .newestFirst()
      .filter(
        (charge) =>
          charge.payment_intent === (params.text('payment_intent') ?? charge.payment_intent) &&
          charge.customer === (params.text('customer') ?? charge.customer),
      );
    return pageOf(call, rows);
  };

  return [
    { method: 'GET', path: '/v1/payment_intents', handle: intents },
    { method: 'GET', path: '/v1/payment_intents/:id', handle: ({ id }) => account.paymentIntents.get(id) },
    { method: 'GET', path: '/v1/charges', handle: charges },
    { method: 'GET', path: '/v1/charges/:id', handle: ({ id }) => account.charges.get(id) },
  ];
}
