import type { StripeAccount } from '../account/stripe-account.js';
import { type ItemChange, PRORATIONS } from '../billing/change-plan.js';
import type { SubscriptionChanges } from '../billing/subscription-changes.js';
import { recurringPrice } from '../billing/subscription-draft.js';
import { listObject } from '../account/list-object.js';
import type { Subscription, SubscriptionItem } from '../account/objects.js';
import { LIST_PARAMS } from '../http/lists.js';
import type { Params } from '../http/params.js';
import { resourceMissing } from '../http/refusals.js';
import type { ApiCall, Route } from '../http/router.js';

const CHANGE = ['price', 'quantity', 'metadata', 'proration_behavior', 'proration_date'] as const;

/** `/v1/subscription_items`: each change of one is a change of its subscription. */
export function subscriptionItemRoutes(account: StripeAccount, changes: SubscriptionChanges): Route[] {
  const find = (id: string): { readonly subscription: Subscription; readonly item: SubscriptionItem } => {
    for (const subscription of account.subscriptions) {
      const item = subscription.items.data.find((one) => one.id === id);
      if (item) return { subscription, item };
    }
    throw resourceMissing('subscription_item', id);
  };

  const change = (subscription: Subscription, params: Params, item: ItemChange): void =>
    changes.apply(
      subscription,
      {
        items: [item],
        prorationBehavior: params.oneOf('proration_behavior', PRORATIONS) ?? 'create_prorations',
        prorationDate: params.integer('proration_date'),
      },
      () => undefined,
    );

  const wanted = (params: Params): ItemChange => {
    const price = params.text('price');
    return {
      price: price === undefined ? undefined : recurringPrice(account, price, 'price'),
      quantity: params.integer('quantity'),
      metadata: params.has('metadata') ? params.metadata() : undefined,
    };
  };

  const create = ({ params }: ApiCall): object => {
    const id = params.only(...CHANGE, 'subscription').requiredText('subscription');
    const subscription = account.subscriptions.named(id, 'subscription');
    params.requiredText('price');
    change(subscription, params, wanted(params));
    return subscription.items.data.at(-1)!;
  };

  const update = ({ id, params }: ApiCall): object => {
    params.only(...CHANGE);
    const { subscription } = find(id);
    change(subscription, params, { ...wanted(params), id });
    return find(id).item;
  };

  const remove = ({ id, params }: ApiCall): object => {
    params.only('proration_behavior', 'proration_date');
    change(find(id).subscription, params, { id, deleted: true });
    return { id, object: 'subscription_item', deleted: true };
  };

  const list = ({ params, path }: ApiCall): object => {
    const id = params.only(...LIST_PARAMS, 'subscription').requiredText('subscription');
    return listObject(account.subscriptions.named(id, 'subscription').items.data, path);
  };

  return [
    { method: 'POST', path: '/v1/subscription_items', handle: create },
    { method: 'GET', path: '/v1/subscription_items', handle: list },
    { method: 'GET', path: '/v1/subscription_items/:id', handle: ({ id }) => find(id).item },
    { method: 'POST', path: '/v1/subscription_items/:id', handle: update },
    { method: 'DELETE', path: '/v1/subscription_items/:id', handle: remove },
  ];
}
