import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId, InvalidInputError } from 'nestjs-host-database';
import {
  type CountedLimit,
  type Limits,
  PaymentRequiredError,
  PlansService,
  SubscriptionsService,
  UnknownLimitError,
  UsageLimitReachedError,
  UsageLimits,
} from 'nestjs-host-database/billing';
import { TenantNotFoundError } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const documents = 'counted_documents' as CountedLimit;
const INT32_MAX = 2 ** 31 - 1;

describe.each(['sqlite', 'postgresql'] as const)(`${UsageLimits.name} on %s`, (database) => {
  let host: TestHost;
  let tenantId: string;
  let sut: UsageLimits;

  beforeAll(async () => {
    host = await createTestHost({ database, options: { billing: { limits: { [documents]: {} } } } });
    sut = host.get(UsageLimits);
  });
  afterAll(async () => {
    await host.close();
  });
  beforeEach(async () => {
    tenantId = (await host.newTenant({ provisioned: false })).id;
  });

  const include = async (limits: Limits | null) => {
    const planTier = `plan-${genId()}`;
    await host.run(() => host.get(PlansService).upsert(planTier, { name: 'Plan', limits }));
    await host.run(() => host.get(SubscriptionsService).upsert(tenantId, { planTier, status: 'active' }));
  };
  const consume = (amount?: number) => host.run(() => sut.consume(tenantId, documents, amount));
  const release = (amount?: number) => host.run(() => sut.release(tenantId, documents, amount));
  const usage = () => host.run(() => sut.usageOf(tenantId, documents));

  it('counts to what the plan includes, and no further', async () => {
    await include({ [documents]: 3 });
    expect(await usage()).toEqual({ used: 0, limit: 3 });
    expect([await consume(), await consume(2)]).toEqual([1, 3]);
    await expect(consume()).rejects.toMatchObject({
      constructor: UsageLimitReachedError,
      tenantId,
      limit: documents,
      most: 3,
    });
    expect(await release()).toBe(2);
    // All or none.
    await expect(consume(2)).rejects.toBeInstanceOf(UsageLimitReachedError);
    expect(await usage()).toEqual({ used: 2, limit: 3 });
    expect(await consume()).toBe(3);
  });

  it('never lets 50 at once take more than there are', async () => {
    await include({ [documents]: 20 });
    const taken = await Promise.allSettled(Array.from({ length: 50 }, () => consume()));
    const counts = taken.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
    // Each of them is another one.
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    const reasons: unknown[] = taken.filter((one) => one.status === 'rejected').map(({ reason }) => reason as unknown);
    expect(reasons.every((reason) => reason instanceof UsageLimitReachedError)).toBe(true);
    expect(await usage()).toMatchObject({ used: 20 });
  });

  it('ends with none where as many are taken as are given back', async () => {
    await include({ [documents]: 5 });
    let most = 0;
    const takeAndGive = async () => {
      const count = await consume().catch((error: unknown) => {
        if (error instanceof UsageLimitReachedError) return undefined;
        throw error;
      });
      if (count === undefined) return;
      most = Math.max(most, count);
      await release();
    };
    await Promise.all(Array.from({ length: 50 }, takeAndGive));
    expect(most).toBeLessThanOrEqual(5);
    expect(most).toBeGreaterThan(0);
    expect(await usage()).toMatchObject({ used: 0 });
  });

  it('is part of the transaction of the caller', async () => {
    await include({ [documents]: 3 });
    const rolledBack = host.run(() =>
      host.hostDatabase.transactional(async () => {
        expect(await sut.consume(tenantId, documents, 2)).toBe(2);
        throw new Error('roll back');
      }),
    );
    await expect(rolledBack).rejects.toThrow('roll back');
    expect(await usage()).toMatchObject({ used: 0 });
    await host.run(() => host.hostDatabase.transactional(() => sut.consume(tenantId, documents, 2)));
    expect(await usage()).toMatchObject({ used: 2 });
  });

  it('does not limit what the plan says nothing of, up to what is counted', async () => {
    await include(null);
    expect(await consume(1_000_000)).toBe(1_000_000);
    expect(await usage()).toEqual({ used: 1_000_000, limit: null });
    await expect(consume(INT32_MAX)).rejects.toBeInstanceOf(UsageLimitReachedError);
  });

  it('keeps what there is when the plan shrinks, and gives no more', async () => {
    await include({ [documents]: 3 });
    await consume(3);
    await include({ [documents]: 1 });
    expect(await usage()).toEqual({ used: 3, limit: 1 });
    await release();
    await expect(consume()).rejects.toMatchObject({ most: 1 });
    expect(await release(2)).toBe(0);
    expect(await consume()).toBe(1);
  });

  it('is never less than none, and what it is said to be', async () => {
    await include({ [documents]: 3 });
    expect(await release()).toBe(0);
    await consume();
    expect(await release(7)).toBe(0);
    await host.run(() => sut.set(tenantId, documents, 7));
    expect(await usage()).toEqual({ used: 7, limit: 3 });
    await host.run(() => sut.set(tenantId, documents, 2));
    expect(await consume()).toBe(3);
  });

  it('refuses who has paid for nothing, where nothing is free', async () => {
    await expect(consume()).rejects.toMatchObject({ constructor: PaymentRequiredError, requires: `limit:${documents}` });
    expect(await usage()).toEqual({ used: 0, limit: 0 });
  });

  it('refuses what it does not count', async () => {
    await include({ [documents]: 3 });
    const other = (limit: string) => host.run(() => sut.consume(tenantId, limit as CountedLimit));
    await expect(other('documents')).rejects.toBeInstanceOf(UnknownLimitError);
    await expect(other('seats')).rejects.toBeInstanceOf(InvalidInputError);
    for (const amount of [0, -1, 0.5, Number.NaN, 2 ** 31]) {
      await expect(consume(amount)).rejects.toBeInstanceOf(InvalidInputError);
      await expect(release(amount)).rejects.toBeInstanceOf(InvalidInputError);
    }
    await expect(host.run(() => sut.set(genId(), documents, 1))).rejects.toBeInstanceOf(TenantNotFoundError);
    expect(await usage()).toMatchObject({ used: 0 });
  });
});
