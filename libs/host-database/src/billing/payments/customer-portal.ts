import { Injectable } from '@nestjs/common';
import { StripeGateway } from '../stripe/stripe-gateway.js';
import { assertAddress } from './checkout-parameters.js';
import { UnexpectedStripeAnswerError } from './payments.errors.js';
import { StripeCustomers } from './stripe-customers.js';

/** Where tenants see their invoices, and change how they pay. */
@Injectable()
export class CustomerPortal {
  constructor(
    private readonly stripe: StripeGateway,
    private readonly customers: StripeCustomers,
  ) {}

  /**
   * Opens Stripe's portal for a tenant, and returns its address, which works for some minutes. Not to be called in a transaction.
   *
   * @param options.returnUrl where the portal leads back to
   * @throws TenantNotFoundError, InvalidInputError, StripeNotConfiguredError, StripeCallInTransactionError, and what the SDK throws
   */
  async open(tenantId: string, { returnUrl }: { readonly returnUrl: string }): Promise<string> {
    const params = { return_url: assertAddress(returnUrl, 'returnUrl') };
    const customer = await this.customers.ensure(tenantId);
    const { id, url } = await this.stripe.call((api) => api.billingPortal.sessions.create({ customer, ...params }));
    if (typeof url !== 'string') throw new UnexpectedStripeAnswerError(id, 'url');
    return url;
  }
}
