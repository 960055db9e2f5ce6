import { ForeignKeyConstraintViolationException } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { assertId, assertInt32, INT32_MAX, InvalidInputError } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { TenantNotFoundError } from '../../tenants/index.js';
import { FeatureCatalogue, type Limit } from '../features/index.js';
import { Entitlements } from './entitlements.service.js';
import { UsageLimitReachedError } from './entitlements.errors.js';
import { UsageCounter } from './usage-counter.entity.js';

/** A limit whose use is counted here: all but `seats`, which the memberships count. */
export type CountedLimit = Exclude<Limit, 'seats'>;

/** How much of something is used. */
export interface Usage {
  readonly used: number;
  /** How many there may be; null where that is not limited. */
  readonly limit: number | null;
}

const COUNTED_ELSEWHERE = 'seats';

// One statement, so that nobody comes between the look and the step, and the row is locked until the transaction ends. Larger numbers than a
// column holds are compared as such.
const CONSUME = `insert into core_usage_counters (tenant_id, name, used) values (?, ?, ?)
  on conflict (tenant_id, name) do update set used = core_usage_counters.used + excluded.used
  where cast(core_usage_counters.used as bigint) + excluded.used <= ? returning used`;
const RELEASE = `update core_usage_counters set used = case when used > ? then used - ? else 0 end
  where tenant_id = ? and name = ? returning used`;
const SET = `insert into core_usage_counters (tenant_id, name, used) values (?, ?, ?)
  on conflict (tenant_id, name) do update set used = excluded.used returning used`;

/**
 * Counts what plans limit the number of. Counting is part of the caller's transaction on the host database, if there is one: what is rolled
 * back was not used. What is made in a tenant's own database is another transaction: consume first, and release where that fails.
 */
@Injectable()
export class UsageLimits {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly entitlements: Entitlements,
    private readonly catalogue: FeatureCatalogue,
  ) {}

  /**
   * Takes so many, or none: however many take at once, there are never more than the plan includes. Returns how many are used then.
   *
   * @throws UsageLimitReachedError, UnknownLimitError, TenantNotFoundError, InvalidInputError
   * @throws PaymentRequiredError where nothing is paid for and nothing is free
   */
  async consume(tenantId: string, limit: CountedLimit, amount = 1): Promise<number> {
    const [id, name] = [assertId(tenantId, 'tenant'), this.assertCounted(limit)];
    assertInt32(amount, 'amount', 1);
    const entitlements = await this.entitlements.of(id);
    if (entitlements.planId === null) throw this.entitlements.refusal(entitlements, `limit:${name}`);
    const included = entitlements.limitOf(limit);
    const most = included ?? INT32_MAX;
    if (amount > most) throw new UsageLimitReachedError(id, name, most);
    const used = await this.execute(CONSUME, [id, name, amount, most], id);
    if (used === undefined) throw new UsageLimitReachedError(id, name, most);
    return used;
  }

  /**
   * Gives so many back; never below none. Returns how many are used then.
   *
   * @throws UnknownLimitError, InvalidInputError
   */
  async release(tenantId: string, limit: CountedLimit, amount = 1): Promise<number> {
    const [id, name] = [assertId(tenantId, 'tenant'), this.assertCounted(limit)];
    assertInt32(amount, 'amount', 1);
    return (await this.execute(RELEASE, [amount, amount, id, name], id)) ?? 0;
  }

  /**
   * Says how many there are, whatever the plan includes: after a count, or for what was there before.
   *
   * @throws UnknownLimitError, TenantNotFoundError, InvalidInputError
   */
  async set(tenantId: string, limit: CountedLimit, used: number): Promise<void> {
    const [id, name] = [assertId(tenantId, 'tenant'), this.assertCounted(limit)];
    await this.execute(SET, [id, name, assertInt32(used, 'used')], id);
  }

  /** How many are used, and may be. @throws UnknownLimitError, InvalidInputError */
  async usageOf(tenantId: string, limit: CountedLimit): Promise<Usage> {
    const [id, name] = [assertId(tenantId, 'tenant'), this.assertCounted(limit)];
    const { em } = this.unitOfWork;
    const counter = await em.findOne(UsageCounter, { tenantId: id, name }, { disableIdentityMap: true });
    const entitlements = await this.entitlements.of(id);
    return { used: counter?.used ?? 0, limit: entitlements.limitOf(limit) ?? null };
  }

  private assertCounted(limit: CountedLimit): string {
    const name: string = this.catalogue.assertLimit(limit);
    if (name !== COUNTED_ELSEWHERE) return name;
    throw new InvalidInputError('limit', 'is counted by the memberships: grant and end those.');
  }

  /** Resolves with the count; undefined where no row was written. */
  private async execute(sql: string, parameters: readonly unknown[], tenantId: string): Promise<number | undefined> {
    return this.unitOfWork.transactional(async (em) => {
      try {
        const [row] = await em.execute<{ used: number }[]>(sql, [...parameters]);
        return row?.used;
      } catch (cause) {
        if (cause instanceof ForeignKeyConstraintViolationException) throw new TenantNotFoundError(tenantId);
        throw cause;
      }
    });
  }
}
