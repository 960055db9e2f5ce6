import type { Customer } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { escapeHtml, htmlPage } from './html.js';

/** Steps in which time is moved on by hand, in days. */
const STEPS = [1, 3, 14, 31];

/** The first page: what time it is, who there is, and what is to happen to them. */
export function consolePage(account: StripeAccount): string {
  const steps = STEPS.map((days) => `<button name="days" value="${days}">${days === 1 ? 'a day' : `${days} days`}</button>`);
  const customers = account.customers.newestFirst().map((customer) => customerSection(account, customer));
  return htmlPage(
    'Fake Stripe',
    `<p>It is ${new Date(account.time.nowMs).toISOString()}.</p>
<form method="post"><p>Let time pass: ${steps.join('')}</p></form>
${customers.join('') || '<p>There is no customer yet.</p>'}`,
  );
}

function customerSection(account: StripeAccount, customer: Customer): string {
  const subscriptions = account.subscriptions
    .newestFirst()
    .filter((one) => one.customer === customer.id)
    .map(({ id, status }) => `<li>${escapeHtml(id)}: ${escapeHtml(status)}</li>`);
  const fails = (account.failures.get(customer.id) ?? 0) > 0;
  const [action, label] = fails ? ['accept', 'Have payments succeed again'] : ['fail', 'Have every payment fail from now on'];
  return `<h2>${escapeHtml(customer.email ?? customer.id)}</h2>
<ul>${subscriptions.join('')}</ul>
<form method="post">
  <input type="hidden" name="customer" value="${escapeHtml(customer.id)}">
  <button name="action" value="${action}">${label}</button>
</form>`;
}
