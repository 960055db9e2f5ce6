import type { StripeAccount } from '../account/stripe-account.js';
import { listObject } from '../account/list-object.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';

type Json = { [key: string]: unknown };

const MOST_LEVELS = 4;

/** Replaces ids by the objects that they name, where `expand` says so. */
export class Expansion {
  constructor(private readonly account: StripeAccount) {}

  /** Returns a copy of the answer, expanded. */
  expand(answer: object, paths: readonly string[]): object {
    const copy = structuredClone(answer) as Json;
    for (const path of paths) {
      const steps = path.split('.');
      if (steps.length > MOST_LEVELS + (steps[0] === 'data' ? 1 : 0)) throw notExpandable(path);
      this.walk(copy, steps, path);
    }
    return copy;
  }

  private walk(at: unknown, [step, ...rest]: readonly string[], path: string): void {
    if (step === undefined || at === null) return;
    if (Array.isArray(at)) {
      for (const one of at) this.walk(one, [step, ...rest], path);
      return;
    }
    if (typeof at !== 'object') throw notExpandable(path);
    const object = at as Json;
    if (!(step in object)) object[step] = this.included(object, step) ?? refuse(path);
    const value = object[step];
    if (typeof value === 'string') object[step] = structuredClone(this.named(value)) ?? refuse(path);
    if (Array.isArray(value))
      object[step] = value.map((one) => (typeof one === 'string' ? structuredClone(this.named(one)) : one));
    this.walk(object[step], rest, path);
  }

  /** Parts that an object has only where they are asked for. */
  private included(object: Json, step: string): object | undefined {
    const id = String(object['id']);
    switch (`${String(object['object'])}.${step}`) {
      case 'invoice.payments':
        return this.listOf(this.account.invoicePayments, (payment) => payment.invoice === id, '/v1/invoice_payments');
      case 'charge.refunds':
        return this.listOf(this.account.refunds, (refund) => refund.charge === id, `/v1/charges/${id}/refunds`);
      case 'customer.subscriptions':
        return this.listOf(
          this.account.subscriptions,
          (subscription) => subscription.customer === id && subscription.status !== 'canceled',
          `/v1/customers/${id}/subscriptions`,
        );
      case 'checkout.session.line_items':
        return listObject([...(this.account.lineItems.get(id) ?? [])], `/v1/checkout/sessions/${id}/line_items`);
      case 'coupon.applies_to':
        return {};
      default:
        return undefined;
    }
  }

  private listOf<T>(rows: Iterable<T>, belongs: (row: T) => boolean, url: string): object {
    return structuredClone(listObject([...rows].filter(belongs).toReversed(), url));
  }

  private named(id: string): object | undefined {
    const { account } = this;
    const tables = [
      account.customers,
      account.subscriptions,
      account.invoices,
      account.paymentIntents,
      account.charges,
      account.paymentMethods,
      account.prices,
      account.products,
      account.sessions,
      account.schedules,
      account.discounts,
      account.promotionCodes,
      account.coupons,
      account.refunds,
      account.disputes,
    ];
    for (const table of tables) {
      const found = table.find(id);
      if (found) return found;
    }
    return undefined;
  }
}

function notExpandable(path: string): FakeStripeRefusedError {
  return new FakeStripeRefusedError(`This property cannot be expanded (${path}).`, { param: 'expand' });
}

function refuse(path: string): never {
  throw notExpandable(path);
}
