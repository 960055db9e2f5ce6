import { stripeId } from '../account/ids.js';
import type { Product } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import type { Params } from '../http/params.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import type { ApiCall, Route } from '../http/router.js';

const FIELDS = [
  'name',
  'active',
  'description',
  'metadata',
  'default_price',
  'marketing_features',
  'statement_descriptor',
  'unit_label',
  'url',
];

/** What a product is made with. */
export interface NewProduct {
  readonly id?: string | undefined;
  readonly name: string;
  readonly metadata?: Record<string, string>;
}

/** Adds a product. */
export function addProduct(account: StripeAccount, { id, name, metadata = {} }: NewProduct): Product {
  if (id !== undefined && account.products.find(id)) {
    throw new FakeStripeRefusedError(`Product already exists: ${id}`, { stripeCode: 'resource_already_exists', param: 'id' });
  }
  const now = account.time.now;
  return account.products.add({
    id: id ?? stripeId('prod', 14),
    object: 'product',
    active: true,
    created: now,
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata,
    name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: now,
    url: null,
  });
}

/** `/v1/products` */
export function productRoutes(account: StripeAccount): Route[] {
  const apply = (product: Product, params: Params): void => {
    product.name = params.text('name') ?? product.name;
    product.active = params.flag('active') ?? product.active;
    for (const field of ['description', 'statement_descriptor', 'unit_label', 'url'] as const) {
      if (params.has(field)) product[field] = params.text(field) ?? null;
    }
    const standard = params.text('default_price');
    if (standard !== undefined) product.default_price = account.prices.named(standard, 'default_price').id;
    const features = params.parts('marketing_features');
    if (features) product.marketing_features = features.map((feature) => ({ name: feature.requiredText('name') }));
  };

  const create = ({ params }: ApiCall): object => {
    params.only('id', ...FIELDS);
    const product = addProduct(account, {
      id: params.text('id'),
      name: params.requiredText('name'),
      metadata: params.metadata(),
    });
    apply(product, params);
    account.emit('product.created', product);
    return product;
  };

  const update = ({ params, id }: ApiCall): object => {
    params.only(...FIELDS);
    return account.change(account.products.get(id), 'product.updated', (product) => {
      apply(product, params);
      product.metadata = params.metadata(product.metadata);
    });
  };

  const remove = ({ id }: ApiCall): object => {
    const product = account.products.get(id);
    if ([...account.prices].some((price) => price.product === id)) {
      throw new FakeStripeRefusedError('This product cannot be deleted because it has one or more user-created prices.');
    }
    account.products.remove(id);
    account.emit('product.deleted', product);
    return { id, object: 'product', deleted: true };
  };

  const list = (call: ApiCall): object => {
    const active = call.params.only(...LIST_PARAMS, 'active', 'ids').flag('active');
    const ids = call.params.texts('ids');
    const rows = account.products
      .newestFirst()
      .filter((product) => (active === undefined || product.active === active) && (ids?.includes(product.id) ?? true));
    return pageOf(call, rows);
  };

  return [
    { method: 'POST', path: '/v1/products', handle: create },
    { method: 'GET', path: '/v1/products', handle: list },
    { method: 'GET', path: '/v1/products/:id', handle: ({ id }) => account.products.get(id) },
    { method: 'POST', path: '/v1/products/:id', handle: update },
    { method: 'DELETE', path: '/v1/products/:id', handle: remove },
  ];
}
