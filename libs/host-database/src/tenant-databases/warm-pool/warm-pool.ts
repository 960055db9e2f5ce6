import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { LockMode } from '@mikro-orm/core';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Clock, genId } from '../../common/index.js';
import { DATABASE_SETTINGS, type DatabaseSettings, dialectOf, UnitOfWork } from '../../database/index.js';
import { JobsService } from '../../jobs/index.js';
import { type ReadyPlace, TenantAddresses, type TenantPlaceFacts } from '../../tenants/index.js';
import { PlacingConditions } from '../placement/index.js';
import { TenantProvisioning } from '../provisioning/provisioning.entities.js';
import { ProvisioningPlan } from '../provisioning/provisioning-plan.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import { TenantSchema } from '../tenant-schema.js';
import { WarmTenant } from './warm-tenant.entity.js';

/** The job that makes, or removes, one warm place. */
export const PREPARE_WARM_JOB = 'tenants.prepare-warm-place';
/** The job that keeps the pool at its size and up to date. */
export const TEND_WARM_POOL_JOB = 'tenants.tend-warm-pool';

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'tenants.prepare-warm-place': { readonly tenantId: string };
    'tenants.tend-warm-pool': null;
  }
}

/** The places that are ready for tenants to be. */
@Injectable()
export class WarmPool implements BeforeApplicationShutdown {
  private readonly logger = new Logger('TenantDatabases');
  private readonly outsideOfCallers = AsyncLocalStorage.snapshot();
  private asking: Promise<void> | undefined;

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly unitOfWork: UnitOfWork,
    private readonly jobs: JobsService,
    private readonly addresses: TenantAddresses,
    private readonly schema: TenantSchema,
    private readonly plan: ProvisioningPlan,
    private readonly conditions: PlacingConditions,
    private readonly clock: Clock,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.asking;
  }

  get size(): number {
    return this.options.warmPool.size;
  }

  /** What tells a place of this application from one that was made by an earlier or later one. */
  async madeBy(): Promise<string> {
    const { version, digest } = await this.schema.current();
    return this.mark(this.conditions.digest, { schemaVersion: version, schemaDigest: digest });
  }

  /**
   * Takes a place that is ready, in the caller's transaction: nobody else gets it, and it is ready again if that is rolled back. Has
   * another one made in its stead.
   */
  async claim(): Promise<Omit<ReadyPlace, 'isComplete'> | undefined> {
    if (this.size === 0) return undefined;
    const { em } = this.unitOfWork;
    // Another key may be gone before the tenant is entered.
    const { currentPrefix } = this.addresses;
    const [row] = await em.execute<ClaimedRow[]>(
      `delete from sys_warm_tenants where id = (
        select id from sys_warm_tenants where status = 'ready' and made_by = ? and substr(db_url, 1, ?) = ? order by created_at, id limit 1
        ${dialectOf(this.hostSettings.type).skipLocked}
      ) returning id, db_url, db_url_hash, mode, server, schema_version, schema_digest`,
      [await this.madeBy(), currentPrefix.length, currentPrefix],
    );
    if (!row) {
      this.unitOfWork.afterCommit(() => this.askForTending());
      return undefined;
    }
    await this.prepare(1);
    const {
      id,
      db_url: dbUrl,
      db_url_hash: dbUrlHash,
      mode,
      server,
      schema_version: schemaVersion,
      schema_digest: schemaDigest,
    } = row;
    return { tenantId: id, dbUrl, dbUrlHash, mode, server, schemaVersion, schemaDigest };
  }

  /** Has so many places made, in the caller's transaction. */
  async prepare(count: number): Promise<void> {
    const { em } = this.unitOfWork;
    for (const id of Array.from({ length: count }, genId)) {
      em.create(WarmTenant, { id, createdAt: this.clock.now() });
      const provisioning = em.create(TenantProvisioning, { tenantId: id, isWarm: true, createdAt: this.clock.now() });
      await this.enqueue(provisioning);
    }
    await em.flush();
  }

  /** Enqueues what is before a place, as a new run. */
  async enqueue(provisioning: TenantProvisioning): Promise<void> {
    const { tenantId, run } = provisioning;
    const job = await this.jobs.enqueue(PREPARE_WARM_JOB, { tenantId }, { uniqueKey: `${tenantId}:${run}` });
    provisioning.jobId = job.id;
  }

  async enqueueTending(): Promise<void> {
    await this.jobs.enqueue(TEND_WARM_POOL_JOB, null, { uniqueKey: 'pool' });
  }

  /**
   * In a unit of work of its own, and once for all who ask meanwhile: in the transactions of callers its key would make each wait for the
   * one before, for as long as that is open.
   */
  private askForTending(): void {
    this.asking ??= this.outsideOfCallers(() => this.unitOfWork.run(() => this.enqueueTending()))
      // A worker looks once a minute.
      .catch((error: unknown) => this.logger.warn(`The warm pool could not be asked to be filled: ${String(error)}`))
      .finally(() => (this.asking = undefined));
  }

  /** Lets a place be claimed, in the caller's transaction. */
  async markReady(tenantId: string, { address, placing, madeUnder = '' }: MadePlace): Promise<void> {
    const { em } = this.unitOfWork;
    const row = await em.findOne(WarmTenant, { id: tenantId }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
    if (!row) return;
    const sealed = await this.addresses.seal(tenantId, address);
    // By what was done, which may have been by an earlier application in part.
    em.assign(row, { ...sealed, ...placing, madeBy: this.mark(madeUnder, placing), status: 'ready' });
  }

  /** What was made under other conditions differs in the first part of it, and what was done there in the second. */
  private mark(conditions: string, { schemaVersion, schemaDigest }: TenantPlaceFacts): string {
    const done = createHash('sha256').update(`${schemaVersion}\n${schemaDigest}\n${this.plan.ahead}`).digest('hex');
    return `${conditions}:${done}`;
  }

  /** Forgets a place that is gone, in the caller's transaction. */
  async forget(tenantId: string): Promise<void> {
    await this.unitOfWork.em.nativeDelete(WarmTenant, { id: tenantId });
  }
}

/** A place that is ready. */
interface MadePlace {
  readonly address: string;
  readonly placing: TenantPlaceFacts;
  /** The `PlacingConditions` that it was made under, where they were the same all the time. */
  readonly madeUnder: string | undefined;
}

/** The `PlacingConditions` of a mark of {@link WarmPool.madeBy}. */
export function conditionsOf(madeBy: string | null | undefined): string {
  return madeBy?.split(':')[0] ?? '';
}

interface ClaimedRow {
  readonly id: string;
  readonly db_url: string;
  readonly db_url_hash: string;
  readonly mode: WarmTenant['mode'];
  readonly server: string | null;
  readonly schema_version: string | null;
  readonly schema_digest: string | null;
}
