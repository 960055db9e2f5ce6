import type { CheckoutSession } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { escapeHtml, htmlPage, money } from './html.js';

/** The page on which a checkout session is paid. */
export function checkoutPage(account: StripeAccount, session: CheckoutSession, problem?: string): string {
  if (session.status !== 'open') return htmlPage('Checkout', `<p>This checkout session is ${session.status}.</p>`);
  const currency = session.currency ?? 'usd';
  const items = (account.lineItems.get(session.id) ?? []).map(({ price, quantity }) => {
    const name = price.nickname ?? account.products.find(price.product)?.name ?? price.id;
    const each = `${money(price.unit_amount, price.currency)}${price.recurring ? ` / ${price.recurring.interval}` : ''}`;
    return `<li>${quantity} × ${escapeHtml(name)} at ${escapeHtml(each)}</li>`;
  });
  const code = session.allow_promotion_codes === true ? '<p><label>Promotion code <input name="promotion_code"></label></p>' : '';
  return htmlPage(
    'Checkout',
    `${problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`}
<ul>${items.join('')}</ul>
<p>To pay now: <strong>${escapeHtml(money(session.amount_total ?? 0, currency))}</strong></p>
<form method="post">
  ${code}
  <button name="action" value="pay">Pay by card</button>
  <button name="action" value="sepa">Pay by SEPA debit (settles after three days)</button>
  <button name="action" value="decline">Pay by a card that is declined</button>
  <button name="action" value="cancel">Go back</button>
</form>`,
  );
}
