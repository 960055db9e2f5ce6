import type { CheckoutSession, Customer, Invoice, PaymentMethod } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { couponOfCode, type RedeemedCoupon } from '../billing/discounts.js';
import type { SubscriptionLifecycle } from '../billing/lifecycle.js';
import type { SubscriptionStarts } from '../billing/subscription-starts.js';
import type { Payments } from '../billing/payments.js';
import type { Params } from '../http/params.js';
import { cardDeclined } from '../http/refusals.js';
import { addCustomer } from '../resources/customers.js';
import { addPaymentMethod, type PaymentMethodKind } from '../resources/payment-methods.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import type { FakeStripePayment } from './checkout-payment.js';
import { type CheckoutPlan, draftSession, priceSession, readSubscriptionData } from './session-draft.js';

/** How long a debit takes. */
const DEBIT_TAKES = 3 * 86_400;

/** Checkout sessions: from their making to their payment, or to their end without one. */
export class Checkout {
  private readonly plans = new Map<string, CheckoutPlan>();

  constructor(
    private readonly account: StripeAccount,
    private readonly lifecycle: SubscriptionLifecycle,
    private readonly starts: SubscriptionStarts,
    private readonly payments: Payments,
  ) {}

  create(params: Params): CheckoutSession {
    const plan = draftSession(this.account, params);
    const { session } = plan;
    const trialEnd = plan.subscriptionData && readSubscriptionData(plan.subscriptionData, this.account.time.now).trialEnd;
    priceSession(plan, plan.coupons, trialEnd !== undefined);
    session.discounts = plan.coupons.map(({ coupon, promotionCode }) => ({
      coupon: promotionCode === null ? coupon.id : null,
      promotion_code: promotionCode,
    }));
    session.currency = plan.lineItems[0]?.currency ?? null;
    this.plans.set(session.id, plan);
    this.account.sessions.add(session);
    this.account.lineItems.set(session.id, plan.lineItems);
    this.account.timeline.plan(`${session.id}:expire`, session.expires_at, () => this.expire(session.id));
    return session;
  }

  /** The customer pays. Only then is there a subscription. */
  complete(id: string, payment: FakeStripePayment = {}): CheckoutSession {
    const { session, plan } = this.openSession(id);
    const coupons = payment.promotionCode === undefined ? plan.coupons : [this.typedCode(session, payment.promotionCode)];
    const data = plan.subscriptionData && readSubscriptionData(plan.subscriptionData, this.account.time.now);
    priceSession(plan, coupons, data?.trialEnd !== undefined);
    const due = session.amount_total ?? 0;
    const known = session.customer === null ? null : this.account.customers.get(session.customer);
    // A refused card leaves nothing behind: the page is shown again.
    if (due > 0 && this.payments.isToFail(known)) throw cardDeclined();
    const customer = known ?? this.newCustomer(session, payment);
    const needsMethod = due > 0 || session.payment_method_collection === 'always';
    const method = needsMethod ? this.methodOf(customer, payment.method ?? 'card') : undefined;
    const paid =
      session.mode === 'payment' || !customer
        ? this.charge(plan, { customer, method, due })
        : this.subscribe(plan, { customer, method, coupons, data });
    session.customer = customer?.id ?? null;
    session.customer_details = detailsOf(session, customer, payment);
    session.discounts = coupons.map(({ coupon, promotionCode }) => ({
      coupon: promotionCode === null ? coupon.id : null,
      promotion_code: promotionCode,
    }));
    session.payment_status = due === 0 ? 'no_payment_required' : paid ? 'paid' : 'unpaid';
    session.status = 'complete';
    session.url = null;
    this.account.timeline.cancel(`${id}:expire`);
    this.account.emit('checkout.session.completed', session);
    if (session.payment_status === 'unpaid') this.planDebit(session, payment.debit ?? 'succeed');
    return session;
  }

  /** Nobody has paid, and nobody can any more. */
  expire(id: string): CheckoutSession {
    const { session } = this.openSession(id);
    session.status = 'expired';
    session.url = null;
    this.account.timeline.cancel(`${id}:expire`);
    this.account.emit('checkout.session.expired', session);
    return session;
  }

  /** The bank has decided about a debit. Time brings it too. */
  settle(id: string, outcome: 'fail' | 'succeed'): CheckoutSession {
    const session = this.account.sessions.get(id);
    if (session.status !== 'complete' || session.payment_status !== 'unpaid') {
      throw new FakeStripeRefusedError(
        `No debit of this checkout session is under way: it is ${session.status} and ${session.payment_status}.`,
      );
    }
    this.account.timeline.cancel(`${id}:debit`);
    const invoice = session.invoice === null ? undefined : this.account.invoices.get(session.invoice);
    const intent = this.account.paymentIntents.get(session.payment_intent ?? (invoice ? this.intentOf(invoice) : ''));
    const method = intent.payment_method === null ? undefined : this.account.paymentMethods.get(intent.payment_method);
    if (outcome === 'succeed' && method) this.payments.succeed(intent, method);
    else this.payments.fail(intent, method);
    if (invoice) this.lifecycle.settleLater(invoice, { succeeded: outcome === 'succeed', intent });
    if (outcome === 'succeed') session.payment_status = 'paid';
    this.account.emit(`checkout.session.async_payment_${outcome === 'succeed' ? 'succeeded' : 'failed'}`, session);
    return session;
  }

  private subscribe(
    { session, lineItems }: CheckoutPlan,
    facts: {
      readonly customer: Customer;
      readonly method: PaymentMethod | undefined;
      readonly coupons: readonly RedeemedCoupon[];
      readonly data: ReturnType<typeof readSubscriptionData> | undefined;
    },
  ): boolean {
    const subscription = this.starts.start({
      customer: facts.customer,
      items: lineItems.map(({ price, quantity }) => ({ price: this.account.prices.get(price.id), quantity })),
      paymentMethod: facts.method?.id,
      coupons: facts.coupons,
      session: session.id,
      ...facts.data,
    });
    session.subscription = subscription.id;
    session.invoice = subscription.latest_invoice;
    return session.invoice !== null && this.account.invoices.get(session.invoice).status === 'paid';
  }

  private charge(
    { session, paymentIntentData }: CheckoutPlan,
    {
      customer,
      method,
      due,
    }: { readonly customer: Customer | null; readonly method: PaymentMethod | undefined; readonly due: number },
  ): boolean {
    if (due === 0) return true;
    const { intent, outcome } = this.payments.attempt({
      customer,
      method,
      amount: due,
      currency: session.currency ?? 'usd',
      metadata: paymentIntentData?.metadata() ?? {},
      ...(paymentIntentData?.text('description') && { description: paymentIntentData.requiredText('description') }),
    });
    session.payment_intent = intent.id;
    return outcome === 'succeeded';
  }

  private openSession(id: string): { readonly session: CheckoutSession; readonly plan: CheckoutPlan } {
    const session = this.account.sessions.get(id);
    const plan = this.plans.get(id);
    if (session.status !== 'open' || !plan) {
      throw new FakeStripeRefusedError(
        `Only Checkout Sessions with a status in ["open"] can be used. This one is ${session.status}.`,
      );
    }
    return { session, plan };
  }

  private typedCode(session: CheckoutSession, code: string): RedeemedCoupon {
    const found = [...this.account.promotionCodes].find((one) => one.code.toLowerCase() === code.toLowerCase() && one.active);
    if (session.allow_promotion_codes !== true || !found)
      throw new FakeStripeRefusedError('This code is invalid.', { param: 'promotion_code' });
    return couponOfCode(this.account, found.id);
  }

  private newCustomer(session: CheckoutSession, { email }: FakeStripePayment): Customer | null {
    if (session.customer_creation === 'if_required') return null;
    return addCustomer(this.account, { email: session.customer_email ?? email ?? 'buyer@example.com' });
  }

  private intentOf(invoice: Invoice): string {
    return [...this.account.invoicePayments].find((payment) => payment.invoice === invoice.id)?.payment.payment_intent ?? '';
  }

  private methodOf(customer: Customer | null, kind: PaymentMethodKind): PaymentMethod {
    return addPaymentMethod(this.account, customer, { kind });
  }

  private planDebit(session: CheckoutSession, outcome: 'fail' | 'succeed'): void {
    const at = this.account.time.now + DEBIT_TAKES;
    this.account.timeline.plan(`${session.id}:debit`, at, () => void this.settle(session.id, outcome));
  }
}

function detailsOf(
  session: CheckoutSession,
  customer: Customer | null,
  { email }: FakeStripePayment,
): CheckoutSession['customer_details'] {
  return {
    address: null,
    business_name: null,
    email: customer?.email ?? session.customer_email ?? email ?? 'buyer@example.com',
    individual_name: null,
    name: customer?.name ?? null,
    phone: null,
    tax_exempt: 'none',
    tax_ids: [],
  };
}
