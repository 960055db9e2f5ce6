import type { StripeAccount } from '../account/stripe-account.js';
import type { Schedules } from '../billing/schedules.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import type { ApiCall, Route } from '../http/router.js';

/** `/v1/subscription_schedules`: of subscriptions that there are. */
export function scheduleRoutes(account: StripeAccount, schedules: Schedules): Route[] {
  const list = (call: ApiCall): object => {
    const customer = call.params.only(...LIST_PARAMS, 'customer').text('customer');
    return pageOf(
      call,
      account.schedules.newestFirst().filter((schedule) => customer === undefined || schedule.customer === customer),
    );
  };

  return [
    { method: 'POST', path: '/v1/subscription_schedules', handle: ({ params }) => schedules.create(params) },
    { method: 'GET', path: '/v1/subscription_schedules', handle: list },
    { method: 'GET', path: '/v1/subscription_schedules/:id', handle: ({ id }) => account.schedules.get(id) },
    { method: 'POST', path: '/v1/subscription_schedules/:id', handle: ({ id, params }) => schedules.update(id, params) },
    {
      method: 'POST',
      path: '/v1/subscription_schedules/:id/release',
      handle: ({ id, params }) => {
        params.only();
        return schedules.release(id);
      },
    },
    {
      method: 'POST',
      path: '/v1/subscription_schedules/:id/cancel',
      handle: ({ id, params }) => {
        params.only();
        return schedules.cancel(id);
      },
    },
  ];
}
