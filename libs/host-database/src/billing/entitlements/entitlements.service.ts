import { Inject, Injectable } from '@nestjs/common';
import { assertId, Clock, LruMap } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import type { AccessRules } from '../access-decision/index.js';
import { BILLING_OPTIONS, type ResolvedBillingOptions } from '../billing.options.js';
import { AccessStandings } from './access-standings.js';
import { BillingChanges, type BillingFollower } from './billing-changes.js';
import { type EntitlementFacts, EntitlementReader } from './entitlement-facts.js';
import { PaymentRequiredError } from './entitlements.errors.js';
import { type PaymentRequirement, unmetOf } from './payment-requirement.js';
import type { Grants } from './grants.js';
import { grantsHeld, TenantEntitlements } from './tenant-entitlements.js';

interface Remembered {
  readonly facts: EntitlementFacts;
  readonly freshUntil: number;
}

/** What tenants may use: remembered while this process hears of changes, and decided anew with each question, by the clock. */
@Injectable()
export class Entitlements implements BillingFollower {
  private readonly memory: LruMap<string, Remembered>;

  constructor(
    private readonly changes: BillingChanges,
    @Inject(BILLING_OPTIONS) private readonly options: ResolvedBillingOptions,
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: EntitlementReader,
    private readonly standings: AccessStandings,
    private readonly clock: Clock,
  ) {
    this.memory = new LruMap(options.memory.maxEntries);
    changes.follow(this);
  }

  /**
   * Returns what a tenant may use now. A tenant that there is not has nothing. Inside a transaction the database is asked, with what that has
   * written; elsewhere what this process remembers, which follows each commit of whichever process within a second.
   *
   * @throws InvalidIdError
   */
  async of(tenantId: string): Promise<TenantEntitlements> {
    return this.decide(assertId(tenantId, 'tenant')).then(({ entitlements }) => entitlements);
  }

  /**
   * Reads what is included in what a tenant has bought, or in its trial, also where access is restricted; undefined where nothing gives any. The
   * database is asked, in the transaction of the caller: for who decides under a lock.
   */
  async readHeld(tenantId: string): Promise<Grants | undefined> {
    return grantsHeld(await this.reader.readHeld(assertId(tenantId, 'tenant')), this.rules());
  }

  /**
   * Holds a tenant to what it has paid for. That one which was let in is refused from now on, or the other way round, is recorded once as
   * `billing.access-denied` or `billing.access-restored`, outside of a transaction of the caller's.
   *
   * @throws PaymentRequiredError, InvalidIdError
   */
  async require(tenantId: string, requirement: PaymentRequirement): Promise<TenantEntitlements> {
    const { entitlements, facts } = await this.decide(assertId(tenantId, 'tenant'));
    // Inside a transaction it would wait for that: the next one who asks will find it out.
    const isNews = requirement.subscription === true && facts.standing !== entitlements.standing;
    if (isNews && !this.isInTransaction) await this.standings.note(entitlements);
    const requires = unmetOf(entitlements, requirement);
    if (requires !== undefined) throw this.refusal(entitlements, requires);
    return entitlements;
  }

  /** The error of who asks for what it has not paid for. */
  refusal({ tenantId, access }: TenantEntitlements, requires: string): PaymentRequiredError {
    return new PaymentRequiredError({ tenantId, requires, access, portalUrl: this.options.portalUrl?.(tenantId) ?? null });
  }

  forgetTenant(tenantId: string): void {
    this.memory.delete(tenantId);
  }

  forgetAll(): void {
    this.memory.clear();
  }

  private get isInTransaction(): boolean {
    return this.unitOfWork.isActive && this.unitOfWork.transactionEm !== undefined;
  }

  private async decide(
    tenantId: string,
  ): Promise<{ readonly entitlements: TenantEntitlements; readonly facts: EntitlementFacts }> {
    const facts = this.recall(tenantId) ?? (await this.ask(tenantId));
    return { entitlements: new TenantEntitlements(tenantId, facts, this.rules()), facts };
  }

  private rules(): AccessRules {
    return { now: this.clock.now(), policy: this.options.policy };
  }

  private recall(tenantId: string): EntitlementFacts | undefined {
    if (this.isInTransaction || !this.changes.isCurrent()) return undefined;
    const known = this.memory.get(tenantId);
    return known && performance.now() < known.freshUntil ? known.facts : undefined;
  }

  private async ask(tenantId: string): Promise<EntitlementFacts> {
    const { ttlMs } = this.options.memory;
    if (this.isInTransaction) return this.reader.read(tenantId);
    // In a unit of work of its own: that of the caller remembers what was.
    if (ttlMs === 0) return this.unitOfWork.run(() => this.reader.read(tenantId));
    const mayRemember = this.changes.isCurrent();
    if (!mayRemember) this.changes.start();
    const { count } = this.changes;
    const askedAt = performance.now();
    const facts = await this.unitOfWork.run(() => this.reader.read(tenantId));
    // What was changed while it was asked may not be in the answer.
    if (mayRemember && this.changes.isCurrent() && this.changes.count === count) {
      this.memory.set(tenantId, { facts, freshUntil: askedAt + ttlMs });
    }
    return facts;
  }
}
