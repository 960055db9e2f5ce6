import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import {
  Entitlements,
  type Feature,
  type Limit,
  PaymentRequiredError,
  PlanNotFoundError,
  PlansService,
  type SubscriptionFacts,
  SubscriptionsService,
  TrialsService,
  TrialUsedError,
} from 'nestjs-host-database/billing';
import { MembershipsService, SeatLimitReachedError } from 'nestjs-host-database/memberships';
import { TenantNotFoundError, TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const DAY = 86_400_000;
/** Typed as what other specs declare is none of this one's business. */
const api = 'paid_api' as Feature;
const exports = 'paid_exports' as Feature;
const search = 'free_search' as Feature;
const rooms = 'paid_rooms' as Limit;

describe.each(['sqlite', 'postgresql'] as const)(`${Entitlements.name} on %s`, (database) => {
  let host: TestHost;
  let tenantId: string;
  let planId: string;
  const billing = {
    features: { [api]: {}, [exports]: {}, [search]: {} },
    limits: { [rooms]: {} },
    portalUrl: (id: string) => `https://app.example.com/billing/${id}`,
  };

  beforeAll(async () => {
    host = await createTestHost({ database, options: { billing } });
    await plan('free', { features: [search], limits: { [rooms]: 1 }, tierLevel: 0 });
  });
  afterAll(async () => {
    await host.close();
  });
  beforeEach(async () => {
    planId = `plan-${genId()}`;
    await plan(planId, { features: [api], limits: { [rooms]: 5, seats: 2 }, tierLevel: 2, trialDays: 14 });
    tenantId = (await host.newTenant({ provisioned: false })).id;
  });

  const plan = (id: string, facts: object) => host.run(() => host.get(PlansService).upsert(id, { name: id, ...facts }));
  const subscribe = (facts: Partial<SubscriptionFacts> = {}) =>
    host.run(() => host.get(SubscriptionsService).upsert(tenantId, { planTier: planId, status: 'active', ...facts }));
  const now = () => host.run(() => host.get(Entitlements).of(tenantId));
  const startTrial = (facts: object = {}) => host.run(() => host.get(TrialsService).start(tenantId, { planId, ...facts }));
  const require = (requirement: object) => host.run(() => host.get(Entitlements).require(tenantId, requirement));
  const rows = (eventType: string) => host.run(() => host.hostDatabase.auditLogs.find({ eventType, targetId: tenantId }));

  describe('of', () => {
    it('is what the plan includes while it is paid for, and what is free before and after', async () => {
      const free = { planId: 'free', tierLevel: 0, features: new Set([search]), standing: 'blocked' };
      expect(await now()).toMatchObject({ ...free, access: { status: 'none' } });
      expect((await now()).limitOf(rooms)).toBe(1);
      await subscribe();
      const paid = await now();
      expect(paid).toMatchObject({ planId, tierLevel: 2, standing: 'open', access: { level: 'full', status: 'active' } });
      expect(paid.features).toEqual(new Set([api, search]));
      expect([paid.limitOf(rooms), paid.limitOf('seats')]).toEqual([5, 2]);
      await subscribe({ status: 'canceled' });
      expect(await now()).toMatchObject({ ...free, access: { level: 'blocked', reason: 'ended' } });
    });

    it('is decided by the clock with each question', async () => {
      const trialEnd = new Date(host.clock.now().getTime() + DAY);
      await subscribe({ status: 'trialing', trialEnd });
      host.clock.advance(DAY - 1);
      expect(await now()).toMatchObject({ standing: 'open', access: { until: trialEnd } });
      host.clock.advance(1);
      expect(await now()).toMatchObject({ standing: 'blocked', access: { reason: 'trial-ended' } });
    });

    it('adds what was bought once to what is subscribed to', async () => {
      const addOn = `add-on-${genId()}`;
      await plan(addOn, { features: [exports], limits: { [rooms]: 100 } });
      await subscribe();
      await subscribe({ planTier: addOn, paymentType: 'one_time', stripeSubId: `pi_${genId()}` });
      const both = await now();
      expect(both.features).toEqual(new Set([api, exports, search]));
    });

    it('reads what the transaction of the caller has written, and remembers none of it', async () => {
      const inside = host.run(() =>
        host.hostDatabase.transactional(async () => {
          await host.get(SubscriptionsService).upsert(tenantId, { planTier: planId, status: 'active' });
          const { standing } = await host.get(Entitlements).of(tenantId);
          throw new Error(standing);
        }),
      );
      await expect(inside).rejects.toThrow('open');
      expect(await now()).toMatchObject({ standing: 'blocked' });
    });
  });

  describe('what was bought', () => {
    it('stays as it was when the plan is edited, until that is asked for', async () => {
      await subscribe();
      const other = tenantId;
      tenantId = (await host.newTenant({ provisioned: false })).id;
      await startTrial();
      await plan(planId, { features: [exports], limits: { [rooms]: 1 }, tierLevel: 1 });
      const before = { planId, tierLevel: 2, features: new Set([api, search]) };
      expect(await now()).toMatchObject(before);
      expect(await host.run(() => host.get(Entitlements).of(other))).toMatchObject(before);

      const apply = (options?: object) => host.run(() => host.get(PlansService).applyToExisting(planId, options));
      const both = [tenantId, other].toSorted();
      expect(await apply({ dryRun: true })).toEqual({ planId, isDryRun: true, tenantIds: both });
      expect(await now()).toMatchObject(before);
      expect(await apply()).toEqual({ planId, isDryRun: false, tenantIds: both });
      const after = { planId, tierLevel: 1, features: new Set([exports, search]) };
      expect(await now()).toMatchObject(after);
      expect(await host.run(() => host.get(Entitlements).of(other))).toMatchObject(after);
      expect(await apply()).toMatchObject({ tenantIds: [] });
      await expect(host.run(() => host.get(PlansService).applyToExisting('ghost'))).rejects.toBeInstanceOf(PlanNotFoundError);
    });

    it('is that of the new plan when a tenant changes plans, and of the plan as it is then', async () => {
      await subscribe();
      const other = `plan-${genId()}`;
      await plan(other, { features: [exports] });
      await subscribe({ planTier: other });
      expect((await now()).features).toEqual(new Set([exports, search]));
      await plan(planId, { features: [api, exports] });
      await subscribe();
      expect((await now()).features).toEqual(new Set([api, exports, search]));
    });

    it('is kept also of what is written past the services', async () => {
      await host.run((): void => {
        const { hostDatabase } = host;
        hostDatabase.subscriptions.create({ tenant: tenantId, planTier: planId, status: 'active' });
      });
      await plan(planId, { features: [exports] });
      expect((await now()).features).toEqual(new Set([api, search]));
    });

    it('limits the seats, also while a payment is missing; without it the plan of the catalogue does', async () => {
      const small = `plan-${genId()}`;
      await plan(small, { limits: { seats: 1 } });
      tenantId = (await host.newTenant({ provisioned: false, planTier: small })).id;
      const join = async () => {
        const { id: userId } = await host.newUser();
        return host.run(() => host.get(MembershipsService).grant({ userId, tenantId }));
      };
      await join();
      await expect(join()).rejects.toMatchObject({ constructor: SeatLimitReachedError, limit: 1 });
      await subscribe({ status: 'past_due' });
      await join();
      await expect(join()).rejects.toMatchObject({ limit: 2 });
    });
  });

  describe(TrialsService.name, () => {
    it('gives what the plan includes for its days, and not 1 ms longer', async () => {
      const { endsAt } = await startTrial();
      expect(endsAt.getTime() - host.clock.now().getTime()).toBe(14 * DAY);
      host.clock.advance(14 * DAY - 1);
      expect(await now()).toMatchObject({ planId, standing: 'open', access: { status: 'trial', until: endsAt } });
      host.clock.advance(1);
      expect(await now()).toMatchObject({ planId: 'free', standing: 'blocked', access: { reason: 'trial-ended' } });
    });

    it('gives one to each tenant, ever, of simultaneous starts too', async () => {
      const starts = await Promise.allSettled(Array.from({ length: 6 }, () => startTrial()));
      const refused = starts.filter((start) => start.status === 'rejected');
      expect(refused).toHaveLength(5);
      for (const { reason } of refused) expect(reason).toBeInstanceOf(TrialUsedError);
      host.clock.advance(400 * DAY);
      await expect(startTrial({ days: 1 })).rejects.toMatchObject({ code: 'BILLING_TRIAL_USED', tenantId });
      expect(await host.run(() => host.get(TrialsService).find(tenantId))).toMatchObject({ planId });
    });

    it('counts the trial of a subscription', async () => {
      await subscribe({ status: 'canceled' });
      expect(await host.run(() => host.get(TrialsService).isUsed(tenantId))).toBe(false);
      await subscribe({ status: 'canceled', trialEnd: host.clock.now() });
      expect(await host.run(() => host.get(TrialsService).isUsed(tenantId))).toBe(true);
      await expect(startTrial()).rejects.toBeInstanceOf(TrialUsedError);
    });

    it('refuses what cannot be given, and uses nothing up', async () => {
      await expect(startTrial({ planId: 'ghost' })).rejects.toBeInstanceOf(PlanNotFoundError);
      for (const days of [0, -1, 0.5]) await expect(startTrial({ days })).rejects.toMatchObject({ field: 'days' });
      const start = host.run(() => host.get(TrialsService).start(genId(), { planId }));
      await expect(start).rejects.toBeInstanceOf(TenantNotFoundError);
      expect(await startTrial({ days: 1 })).toMatchObject({ tenantId });
    });

    it('begins with the tenant where the option says so', async () => {
      const other = await createTestHost({ database, options: { billing: { ...billing, trialPlan: 'pro' } } });
      await expect(other.newTenant({ provisioned: false })).rejects.toBeInstanceOf(PlanNotFoundError);
      await other.run(() => other.get(PlansService).upsert('pro', { name: 'Pro', features: [api] }));
      const { id } = await other.run(() => other.get(TenantsService).create({ name: 'Acme' }));
      expect(await other.run(() => other.get(Entitlements).of(id))).toMatchObject({ planId: 'pro', standing: 'open' });
      await other.close();
    });
  });

  describe('require', () => {
    it('lets in who has paid, and says to others why not, until when, and where', async () => {
      const refused = {
        constructor: PaymentRequiredError,
        tenantId,
        requires: 'subscription',
        status: 'none',
        level: 'blocked',
        graceUntil: null,
        portalUrl: `https://app.example.com/billing/${tenantId}`,
      };
      await expect(require({ subscription: true })).rejects.toMatchObject(refused);
      await expect(require({ features: [api] })).rejects.toMatchObject({ requires: `feature:${api}` });
      await expect(require({ tierLevel: 2 })).rejects.toMatchObject({ requires: 'tier:2' });
      // What is free is.
      await expect(require({ features: [search], tierLevel: 0 })).resolves.toBeDefined();
      await subscribe();
      await expect(require({ subscription: true, features: [api, search], tierLevel: 2 })).resolves.toBeDefined();
      await expect(require({ features: [exports] })).rejects.toMatchObject({ requires: `feature:${exports}`, level: 'full' });
      await expect(require({ tierLevel: 3 })).rejects.toMatchObject({ requires: 'tier:3' });
    });

    it('records that somebody is refused, and let in again, once each', async () => {
      await subscribe();
      const ask = () => Promise.allSettled(Array.from({ length: 8 }, () => require({ subscription: true })));
      await ask();
      expect(await rows('billing.access-denied')).toEqual([]);
      for (const round of [1, 2]) {
        await subscribe({ status: 'unpaid' });
        expect((await ask()).map(({ status }) => status)).toEqual(Array(8).fill('rejected'));
        await ask();
        expect(await rows('billing.access-denied')).toHaveLength(round);
        await subscribe();
        expect((await ask()).map(({ status }) => status)).toEqual(Array(8).fill('fulfilled'));
        await ask();
        expect(await rows('billing.access-restored')).toHaveLength(round);
      }
      const [denied] = await rows('billing.access-denied');
      expect(denied).toMatchObject({ outcome: 'denied', details: { level: 'blocked', status: 'unpaid', reason: 'unpaid' } });
    });
  });
});
