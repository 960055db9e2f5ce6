import { UnexpectedStripeAnswerError } from './payments.errors.js';

/** What a change would cost. Amounts are in minor units of the currency. */
export interface SubscriptionPreview {
  /** What the invoice comes to that the change is on: the one at once, or the next one. */
  readonly amountDue: number;
  /** ISO 4217, lower case. */
  readonly currency: string;
  /** To be passed to the change, so that it costs the same. */
  readonly prorationDate: number;
  readonly lines: readonly PreviewLine[];
}

/** A line of such an invoice; what is given back is negative. */
export interface PreviewLine {
  readonly description: string;
  readonly amount: number;
  /** Whether it is for part of a period. */
  readonly isProration: boolean;
}

/** @throws UnexpectedStripeAnswerError */
export function readPreview(
  invoice: { readonly id: string; readonly [field: string]: unknown },
  prorationDate: number,
): SubscriptionPreview {
  const { amount_due: amountDue, currency } = invoice;
  if (typeof amountDue !== 'number') throw new UnexpectedStripeAnswerError(invoice.id, 'amount_due');
  if (typeof currency !== 'string') throw new UnexpectedStripeAnswerError(invoice.id, 'currency');
  const data = (invoice['lines'] as { readonly data?: unknown } | undefined)?.data;
  const lines = Array.isArray(data) ? data.map(lineOf) : [];
  return { amountDue, currency, prorationDate, lines };
}

interface StripeLine {
  readonly description?: string | null;
  readonly amount: number;
  readonly parent?: Readonly<Record<string, { readonly proration?: boolean } | null | undefined | string>> | null;
}

function lineOf({ description, amount, parent }: StripeLine): PreviewLine {
  const details = [parent?.['subscription_item_details'], parent?.['invoice_item_details']];
  const isProration = details.some((one) => typeof one === 'object' && one?.proration === true);
  return { description: description ?? '', amount, isProration };
}
