import { stripeId } from '../account/ids.js';
import type { InvoiceLine, Price, SubscriptionItem } from '../account/objects.js';

interface Period {
  readonly start: number;
  readonly end: number;
}

interface LineFacts {
  readonly subscription: string;
  readonly item: Pick<SubscriptionItem, 'id' | 'price' | 'quantity'>;
  readonly period: Period;
}

/** What an item costs for a whole period. */
export function cycleLine({ subscription, item, period }: LineFacts): InvoiceLine {
  const { price, quantity } = item;
  return line({
    subscription,
    item,
    period,
    amount: price.unit_amount * quantity,
    proration: false,
    description: `${quantity} × ${price.nickname ?? price.product} (at ${price.unit_amount} ${price.currency} / ${price.recurring?.interval ?? 'once'})`,
  });
}

/** What the rest of a period costs, or gives back: negative where the item goes. */
export function prorationLine({
  sign,
  from,
  ...facts
}: LineFacts & { readonly sign: 1 | -1; readonly from: number }): InvoiceLine {
  const { item, period } = facts;
  const share = (period.end - from) / (period.end - period.start);
  const amount = sign * Math.round(item.price.unit_amount * item.quantity * share);
  const what = `${item.quantity} × ${item.price.nickname ?? item.price.product}`;
  return line({
    ...facts,
    period: { start: from, end: period.end },
    // Nothing given back is 0, not -0.
    amount: amount === 0 ? 0 : amount,
    proration: true,
    description: `${sign < 0 ? 'Unused' : 'Remaining'} time on ${what}`,
  });
}

function line({
  subscription,
  item,
  period,
  amount,
  proration,
  description,
}: LineFacts & { readonly amount: number; readonly proration: boolean; readonly description: string }): InvoiceLine {
  const { price, quantity } = item;
  return {
    id: stripeId('il'),
    object: 'line_item',
    amount,
    currency: price.currency,
    description,
    discount_amounts: [],
    discountable: !proration,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: {},
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: proration ? stripeId('ii') : null,
        proration,
        proration_details: { credited_items: null },
        subscription,
        subscription_item: item.id,
      },
      type: 'subscription_item_details',
    },
    period: { start: period.start, end: period.end },
    pretax_credit_amounts: [],
    pricing: pricingOf(price),
    quantity,
    quantity_decimal: String(quantity),
    subscription,
    subtotal: amount,
    taxes: [],
  };
}

function pricingOf(price: Price): InvoiceLine['pricing'] {
  return {
    price_details: { price: price.id, product: price.product },
    type: 'price_details',
    unit_amount_decimal: price.unit_amount_decimal,
  };
}
