import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StripeAccount } from '../account/stripe-account.js';
import type { StripeServices } from '../account/stripe-services.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import { checkoutPage } from './checkout-page.js';
import { consolePage } from './console-page.js';
import { escapeHtml, htmlPage } from './html.js';
import { portalPage } from './portal-page.js';

const A_DAY_MS = 86_400_000;
const MOST_DAYS = 366;
const PAGE = /^\/(?<kind>c\/pay|p\/session)\/(?<id>[^/?]+)$/;

/** What a page is asked for, and what it answers: HTML, or somewhere to go. */
type Answer = { readonly html: string; readonly status?: number } | { readonly goTo: string };

/** The pages that people are sent to: checkout and portal, with buttons for what can happen there; and one from which to govern it all. */
export class StripePages {
  constructor(
    private readonly account: StripeAccount,
    private readonly services: StripeServices,
    /** Lets time pass, in milliseconds. */
    private readonly advance: (byMs: number) => Promise<void>,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const form = new URLSearchParams(body);
    const answer = request.url === '/' ? await this.console(request, form) : this.answer(request, form);
    if ('goTo' in answer) {
      response.writeHead(303, { location: answer.goTo });
      response.end();
      return;
    }
    response.writeHead(answer.status ?? 200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    response.end(answer.html);
  }

  private answer(request: IncomingMessage, form: URLSearchParams): Answer {
    const { kind, id } = PAGE.exec(request.url ?? '')?.groups ?? {};
    if (kind === undefined || id === undefined)
      return { status: 404, html: htmlPage('Not found', '<p>There is no such page.</p>') };
    this.account.timeline.runDue();
    const isPost = request.method === 'POST';
    try {
      if (kind === 'p/session') return this.portal(id, isPost ? form : undefined);
      return isPost ? this.checkoutAction(id, form) : { html: checkoutPage(this.account, this.account.sessions.get(id)) };
    } catch (error) {
      if (!(error instanceof FakeStripeRefusedError)) throw error;
      return { status: error.status, html: htmlPage('Refused', `<p role="alert">${escapeHtml(error.message)}</p>`) };
    }
  }

  private async console(request: IncomingMessage, form: URLSearchParams): Promise<Answer> {
    if (request.method !== 'POST') return { html: consolePage(this.account) };
    const days = Number(form.get('days') ?? 0);
    if (days > 0 && days <= MOST_DAYS) await this.advance(days * A_DAY_MS);
    const customer = this.account.customers.find(form.get('customer') ?? '');
    if (customer && form.get('action') === 'fail') this.account.failures.set(customer.id, Number.POSITIVE_INFINITY);
    if (customer && form.get('action') === 'accept') this.account.failures.delete(customer.id);
    return { goTo: '/' };
  }

  private checkoutAction(id: string, form: URLSearchParams): Answer {
    const session = this.account.sessions.get(id);
    const action = form.get('action');
    if (action === 'decline') {
      return {
        status: 402,
        html: checkoutPage(this.account, session, 'Your card was declined. Nothing was charged; you can try again.'),
      };
    }
    if (action === 'cancel') return { goTo: session.cancel_url ?? session.success_url ?? '/' };
    const code = form.get('promotion_code') ?? '';
    try {
      this.services.checkout.complete(id, {
        method: action === 'sepa' ? 'sepa_debit' : 'card',
        ...(code !== '' && { promotionCode: code }),
      });
    } catch (error) {
      if (!(error instanceof FakeStripeRefusedError) || session.status !== 'open') throw error;
      return { status: error.status, html: checkoutPage(this.account, session, error.message) };
    }
    return { goTo: (session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', id) };
  }

  private portal(id: string, form: URLSearchParams | undefined): Answer {
    const session = this.account.portalSessions.get(id);
    const subscriptionId = form?.get('subscription') ?? undefined;
    if (subscriptionId !== undefined) {
      // A portal shows one customer's subscriptions, and changes no other's.
      const subscription = this.account.subscriptions.get(subscriptionId);
      if (subscription.customer !== session.customer)
        throw new FakeStripeRefusedError('This subscription belongs to another customer.', { status: 403 });
      if (form?.get('action') === 'cancel') this.services.portal.cancel(subscriptionId);
      else this.services.portal.renew(subscriptionId);
      return { goTo: `/p/session/${id}` };
    }
    return { html: portalPage(this.account, session) };
  }
}
