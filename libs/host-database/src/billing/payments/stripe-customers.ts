import { createHash } from 'node:crypto';
import { UniqueConstraintViolationException } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { assertId, Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { TenantCatalog, TenantNotFoundError } from '../../tenants/index.js';
import { StripeGateway } from '../stripe/stripe-gateway.js';
import { StripeCustomer } from './stripe-customer.entity.js';

/** The customers at Stripe that tenants are. */
@Injectable()
export class StripeCustomers {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly stripe: StripeGateway,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the id of the customer that a tenant is at Stripe, which is made when there is none. Of several calls at once, all get the same.
   * Not to be called in a transaction.
   *
   * @throws TenantNotFoundError, StripeNotConfiguredError, StripeCallInTransactionError, and what the SDK throws
   */
  async ensure(tenantId: string): Promise<string> {
    const id = assertId(tenantId, 'tenant');
    this.stripe.assertCallable();
    const known = await this.find(id);
    if (known !== undefined) return known;
    const tenant = await this.unitOfWork.run((em) => em.findOne(TenantCatalog, { id }));
    if (!tenant) throw new TenantNotFoundError(id);
    const { name } = tenant;
    // The name is part of the key, since Stripe refuses a key that comes with other parameters.
    const idempotencyKey = `customer:${id}:${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
    const customer = await this.stripe.call((api) =>
      api.customers.create({ name, metadata: { tenant_id: id } }, { idempotencyKey }),
    );
    return this.keep(id, customer.id);
  }

  /** Finds the customer that a tenant is, without asking Stripe. */
  async find(tenantId: string): Promise<string | undefined> {
    const id = assertId(tenantId, 'tenant');
    return (await this.unitOfWork.run((em) => em.findOne(StripeCustomer, { tenantId: id })))?.id;
  }

  private async keep(tenantId: string, id: string): Promise<string> {
    try {
      await this.unitOfWork.run((em) => void em.create(StripeCustomer, { id, tenantId, createdAt: this.clock.now() }));
      return id;
    } catch (error) {
      // Somebody else was first, whose customer is the tenant's.
      const known = error instanceof UniqueConstraintViolationException ? await this.find(tenantId) : undefined;
      if (known === undefined) throw error;
      return known;
    }
  }
}
