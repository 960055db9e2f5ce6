import { stripeId } from '../account/ids.js';
import type { Plan, Price } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import type { Params } from '../http/params.js';
import { parameterMissing, parametersExclusive } from '../http/refusals.js';
import type { ApiCall, Route } from '../http/router.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import { addProduct } from './products.js';

const INTERVALS = ['day', 'week', 'month', 'year'] as const;
const CHANGEABLE = ['active', 'lookup_key', 'metadata', 'nickname', 'tax_behavior', 'transfer_lookup_key'] as const;

/** `/v1/prices`: what a price charges never changes. */
export function priceRoutes(account: StripeAccount): Route[] {
  const create = ({ params }: ApiCall): object => {
    params.only(...CHANGEABLE, 'currency', 'unit_amount', 'product', 'product_data', 'recurring');
    const lookupKey = freeLookupKey(account, params);
    const price = priceOf(account, params, lookupKey);
    account.prices.add(price);
    account.emit('price.created', price);
    return price;
  };

  const update = ({ params, id }: ApiCall): object => {
    const price = account.prices.get(id);
    params.only(...CHANGEABLE);
    const lookupKey = freeLookupKey(account, params, price);
    return account.change(price, 'price.updated', (one) => {
      one.active = params.flag('active') ?? one.active;
      one.nickname = params.has('nickname') ? (params.text('nickname') ?? null) : one.nickname;
      one.lookup_key = params.has('lookup_key') ? (lookupKey ?? null) : one.lookup_key;
      one.metadata = params.metadata(one.metadata);
    });
  };

  const list = (call: ApiCall): object => {
    const { params } = call;
    params.only(...LIST_PARAMS, 'active', 'product', 'lookup_keys', 'currency', 'type');
    const filters: readonly ((price: Price) => boolean)[] = [
      (price) => price.active === (params.flag('active') ?? price.active),
      (price) => price.product === (params.text('product') ?? price.product),
      (price) => price.currency === (params.text('currency') ?? price.currency),
      (price) => price.type === (params.text('type') ?? price.type),
      (price) => params.texts('lookup_keys')?.includes(price.lookup_key ?? '') ?? true,
    ];
    return pageOf(
      call,
      account.prices.newestFirst().filter((price) => filters.every((matches) => matches(price))),
    );
  };

  return [
    { method: 'POST', path: '/v1/prices', handle: create },
    { method: 'GET', path: '/v1/prices', handle: list },
    { method: 'GET', path: '/v1/prices/:id', handle: ({ id }) => account.prices.get(id) },
    { method: 'POST', path: '/v1/prices/:id', handle: update },
  ];
}

/** The plan of a recurring price: the same, as it was told before there were prices. */
export function planOf(price: Price): Plan {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: 'per_unit',
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: price.metadata,
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  };
}

/** Makes a price that only what asks for it has: nobody can buy it again. */
export function inlinePrice(account: StripeAccount, params: Params): Price {
  params.only('currency', 'unit_amount', 'product', 'product_data', 'recurring', 'tax_behavior');
  const price = account.prices.add({ ...priceOf(account, params, undefined), active: false });
  account.emit('price.created', price);
  return price;
}

/** A price of these parameters, for one of the given or of a new product. */
function priceOf(account: StripeAccount, params: Params, lookupKey: string | undefined): Price {
  const unitAmount = params.requiredInteger('unit_amount');
  if (unitAmount < 0) throw new FakeStripeRefusedError('Invalid non-negative integer', { param: params.nameOf('unit_amount') });
  const currency = params.requiredText('currency').toLowerCase();
  const recurring = params.part('recurring')?.only('interval', 'interval_count', 'usage_type');
  const interval = recurring && (recurring.oneOf('interval', INTERVALS) ?? missing(recurring.nameOf('interval')));
  return {
    id: stripeId('price'),
    object: 'price',
    active: params.flag('active') ?? true,
    billing_scheme: 'per_unit',
    created: account.time.now,
    currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: lookupKey ?? null,
    metadata: params.metadata(),
    nickname: params.text('nickname') ?? null,
    product: productOf(account, params),
    recurring:
      recurring && interval
        ? {
            interval,
            interval_count: recurring.integer('interval_count') ?? 1,
            meter: null,
            trial_period_days: null,
            usage_type: recurring.oneOf('usage_type', ['licensed']) ?? 'licensed',
          }
        : null,
    tax_behavior: params.oneOf('tax_behavior', ['exclusive', 'inclusive', 'unspecified']) ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: recurring ? 'recurring' : 'one_time',
    unit_amount: unitAmount,
    unit_amount_decimal: String(unitAmount),
  };
}

function productOf(account: StripeAccount, params: Params): string {
  const data = params.part('product_data')?.only('id', 'name', 'metadata');
  const id = params.text('product');
  if (data && id !== undefined) throw parametersExclusive(params.nameOf('product'), params.nameOf('product_data'));
  if (id !== undefined) return account.products.named(id, params.nameOf('product')).id;
  if (!data) throw parameterMissing(params.nameOf('product'));
  const product = addProduct(account, { id: data.text('id'), name: data.requiredText('name'), metadata: data.metadata() });
  account.emit('product.created', product);
  return product.id;
}

/** A lookup key that no other price has: one that does gives it up where the caller says so. */
function freeLookupKey(account: StripeAccount, params: Params, forPrice?: Price): string | undefined {
  const key = params.text('lookup_key');
  const holder =
    key === undefined ? undefined : [...account.prices].find((price) => price.lookup_key === key && price !== forPrice);
  if (!holder) return key;
  if (params.flag('transfer_lookup_key') !== true) {
    throw new FakeStripeRefusedError(`A price (\`${holder.id}\`) already uses that lookup key.`, {
      stripeCode: 'resource_already_exists',
      param: 'lookup_key',
    });
  }
  account.change(holder, 'price.updated', (price) => {
    price.lookup_key = null;
  });
  return key;
}

function missing(param: string): never {
  throw parameterMissing(param);
}
