import { listObject } from '../account/list-object.js';
import type { StripeAccount } from '../account/stripe-account.js';
import type { Checkout } from '../checkout/checkout.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import type { ApiCall, Route } from '../http/router.js';

/** `/v1/checkout/sessions` */
export function checkoutSessionRoutes(account: StripeAccount, checkout: Checkout): Route[] {
  const list = (call: ApiCall): object => {
    const { params } = call;
    params.only(...LIST_PARAMS, 'customer', 'subscription', 'payment_intent', 'status');
    const rows = account.sessions
      .newestFirst()
      .filter(
        (session) =>
          session.status === (params.text('status') ?? session.status) &&
          (['customer', 'subscription', 'payment_intent'] as const).every(
            (field) => session[field] === (params.text(field) ?? session[field]),
          ),
      );
    return pageOf(call, rows);
  };

  const lineItems = ({ id, path, params }: ApiCall): object => {
    params.only(...LIST_PARAMS);
    return listObject([...(account.lineItems.get(account.sessions.get(id).id) ?? [])], path);
  };

  return [
    { method: 'POST', path: '/v1/checkout/sessions', handle: ({ params }) => checkout.create(params) },
    { method: 'GET', path: '/v1/checkout/sessions', handle: list },
    { method: 'GET', path: '/v1/checkout/sessions/:id', handle: ({ id }) => account.sessions.get(id) },
    { method: 'POST', path: '/v1/checkout/sessions/:id/expire', handle: ({ id }) => checkout.expire(id) },
    { method: 'GET', path: '/v1/checkout/sessions/:id/line_items', handle: lineItems },
  ];
}
