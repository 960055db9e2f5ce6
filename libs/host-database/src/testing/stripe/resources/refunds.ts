import type { Charge } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import type { Refunds } from '../billing/refunds.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import type { Params } from '../http/params.js';
import { parameterMissing } from '../http/refusals.js';
import type { ApiCall, Route } from '../http/router.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';

/** `/v1/refunds` and `/v1/disputes` */
export function refundRoutes(account: StripeAccount, refunds: Refunds): Route[] {
  const create = ({ params }: ApiCall): object => {
    params.only('payment_intent', 'charge', 'amount', 'reason', 'metadata');
    return refunds.create({
      charge: chargeOf(account, params),
      amount: params.integer('amount'),
      reason: params.oneOf('reason', ['duplicate', 'fraudulent', 'requested_by_customer']),
      metadata: params.metadata(),
    });
  };

  return [
    { method: 'POST', path: '/v1/refunds', handle: create },
    { method: 'GET', path: '/v1/refunds', handle: (call) => about(call, account.refunds.newestFirst()) },
    { method: 'GET', path: '/v1/refunds/:id', handle: ({ id }) => account.refunds.get(id) },
    { method: 'GET', path: '/v1/disputes', handle: (call) => about(call, account.disputes.newestFirst()) },
    { method: 'GET', path: '/v1/disputes/:id', handle: ({ id }) => account.disputes.get(id) },
  ];
}

function chargeOf(account: StripeAccount, params: Params): Charge {
  const charge = params.text('charge');
  if (charge !== undefined) return account.charges.named(charge, 'charge');
  const id = params.text('payment_intent');
  if (id === undefined) throw parameterMissing('payment_intent');
  const intent = account.paymentIntents.named(id, 'payment_intent');
  if (intent.status === 'succeeded' && intent.latest_charge !== null) return account.charges.get(intent.latest_charge);
  throw new FakeStripeRefusedError(`This PaymentIntent (${id}) does not have a successful charge to refund.`, {
    param: 'payment_intent',
  });
}

/** Refunds and disputes are found by what they are about. */
function about(
  call: ApiCall,
  rows: readonly { readonly id: string; readonly charge: string; readonly payment_intent: string }[],
): object {
  const { params } = call;
  params.only(...LIST_PARAMS, 'charge', 'payment_intent');
  const found = rows.filter(
    (row) =>
      row.charge === (params.text('charge') ?? row.charge) &&
      row.payment_intent === (params.text('payment_intent') ?? row.payment_intent),
  );
  return pageOf(call, found);
}
