import type { PortalSession, Subscription } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { escapeHtml, htmlPage, money } from './html.js';

/** The page on which a customer sees and cancels their subscriptions. */
export function portalPage(account: StripeAccount, session: PortalSession): string {
  const own = account.subscriptions.newestFirst().filter((one) => one.customer === session.customer && one.status !== 'canceled');
  const list = own.map((subscription) => section(account, subscription)).join('');
  const back = session.return_url === null ? '' : `<p><a href="${escapeHtml(session.return_url)}">Go back</a></p>`;
  return htmlPage('Billing', `${list || '<p>There is no subscription.</p>'}${back}`);
}

function section(account: StripeAccount, subscription: Subscription): string {
  const items = subscription.items.data.map(({ price, quantity }) => {
    const name = price.nickname ?? account.products.find(price.product)?.name ?? price.id;
    return `${quantity} × ${name} at ${money(price.unit_amount, price.currency)}`;
  });
  const ends =
    subscription.cancel_at === null ? '' : `, ends on ${new Date(subscription.cancel_at * 1000).toISOString().slice(0, 10)}`;
  const [action, label] =
    subscription.cancel_at === null ? ['cancel', 'Cancel at the end of the period'] : ['renew', 'Do not cancel'];
  return `<form method="post">
  <p>${escapeHtml(items.join(', '))}: ${escapeHtml(subscription.status + ends)}</p>
  <input type="hidden" name="subscription" value="${escapeHtml(subscription.id)}">
  <button name="action" value="${action}">${label}</button>
</form>`;
}
