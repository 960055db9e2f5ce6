import { LockMode } from '@mikro-orm/core';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { JobHandler } from '../../jobs/index.js';
import {
  SecretKeyProviderError,
  SecretKeyUnknownError,
  SecretsNotConfiguredError,
  SecretTamperedError,
  TenantAddresses,
} from '../../tenants/index.js';
import { TenantProvisioning, TenantProvisioningStep } from '../provisioning/provisioning.entities.js';
import { TenantSchema } from '../tenant-schema.js';
import { conditionsOf, TEND_WARM_POOL_JOB, WarmPool } from './warm-pool.js';
import { WarmTenant } from './warm-tenant.entity.js';

/** What a new version of the application does not have to make anew. */
const LASTING_STEPS = ['choose-server', 'create-storage', 'create-user'];

/** Keeps the pool at its size, with places that this application made or has brought up to date. */
@Injectable()
export class WarmPoolKeeper implements OnApplicationBootstrap {
  private readonly logger = new Logger('TenantDatabases');

  constructor(
    private readonly pool: WarmPool,
    private readonly schema: TenantSchema,
    private readonly addresses: TenantAddresses,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    try {
      await this.unitOfWork.run(() => this.askForTending());
    } catch (error) {
      this.logger.warn(`The warm pool could not be looked at: ${String(error)}`);
    }
  }

  /** Enqueues what is to be done where the pool is not as it should be. */
  async askForTending(): Promise<void> {
    const { em } = this.unitOfWork;
    const madeBy = this.pool.size > 0 ? await this.pool.madeBy() : '';
    const places = await em.find(WarmTenant, { status: { $ne: 'dropping' } }, { disableIdentityMap: true });
    const isInOrder = (place: WarmTenant) =>
      !isOutdated(place, madeBy) && (place.dbUrl == null || this.addresses.isCurrent(place.dbUrl));
    if (places.length !== this.pool.size || !places.every(isInOrder)) await this.pool.enqueueTending();
  }

  @JobHandler(TEND_WARM_POOL_JOB, { runsFor: 'host' })
  async tend(): Promise<void> {
    const madeBy = await this.pool.madeBy();
    const { version } = await this.schema.current();
    await this.unitOfWork.transactional(async (em) => {
      // Of two processes at once, the second sees what the first has done.
      const places = await em.find(
        WarmTenant,
        { status: { $ne: 'dropping' } },
        { refresh: true, orderBy: { createdAt: 'desc', id: 'desc' } },
      );
      const surplus = places
        .toSorted((a, b) => Number(isOutdated(a, madeBy)) - Number(isOutdated(b, madeBy)))
        .slice(this.pool.size);
      for (const place of surplus) await this.drop(place, 'the warm pool has become smaller');
      let kept = places.length - surplus.length;
      for (const place of places) {
        if (surplus.includes(place) || place.status !== 'ready') continue;
        const reason = await this.whyUseless(place, { madeBy, version });
        if (reason !== undefined) {
          await this.drop(place, reason);
          kept--;
        } else if (isOutdated(place, madeBy) && !isLater(place.schemaVersion ?? null, version)) await this.prepareAnew(place);
      }
      await this.pool.prepare(Math.max(0, this.pool.size - kept));
    });
  }

  private async whyUseless(place: WarmTenant, { madeBy, version }: { madeBy: string; version: string | null }) {
    if (!(await this.sealAnew(place))) return 'its address could not be decrypted';
    // What a later application has made is for that one.
    if (isLater(place.schemaVersion ?? null, version)) return undefined;
    return conditionsOf(place.madeBy) === conditionsOf(madeBy) ? undefined : 'tenants are placed otherwise now';
  }

  /** Has a place removed, unless it was claimed meanwhile. */
  private async drop({ id }: WarmTenant, reason: string): Promise<void> {
    await this.change(id, async (place, provisioning) => {
      place.status = 'dropping';
      Object.assign(provisioning, { state: 'compensating', failedStep: 'activate', reason });
    });
  }

  private async prepareAnew({ id }: WarmTenant): Promise<void> {
    await this.change(id, async (place, provisioning) => {
      const { em } = this.unitOfWork;
      await em.nativeDelete(TenantProvisioningStep, { tenantId: id, step: { $nin: LASTING_STEPS } });
      const user = await em.findOne(TenantProvisioningStep, { tenantId: id, step: 'create-user' }, { refresh: true });
      if (user) user.result = { dbUrl: place.dbUrl, conditions: conditionsOf(place.madeBy) };
      place.status = 'preparing';
      provisioning.state = 'pending';
    });
  }

  /** The key that it was encrypted with may be about to go. @returns false where it is gone, and the place of use to nobody */
  private async sealAnew({ id, dbUrl }: WarmTenant): Promise<boolean> {
    if (dbUrl == null || this.addresses.isCurrent(dbUrl)) return true;
    try {
      const sealed = await this.addresses.seal(id, await this.addresses.reveal({ id, dbUrl }));
      const place = await this.lock(id);
      if (place?.dbUrl === dbUrl) Object.assign(place, sealed);
      await this.unitOfWork.em.flush();
      return true;
    } catch (error) {
      if (UNREADABLE.some((type) => error instanceof type)) return false;
      // A key provider that does not answer now may do so later; the pool is tended all the same.
      if (!(error instanceof SecretKeyProviderError)) throw error;
      this.logger.warn(`The address of the warm place ${id} could not be encrypted anew: ${String(error)}`);
      return true;
    }
  }

  private async change(
    id: string,
    change: (place: WarmTenant, provisioning: TenantProvisioning) => Promise<void>,
  ): Promise<void> {
    const { em } = this.unitOfWork;
    const provisioning = await em.findOne(TenantProvisioning, { tenantId: id }, LOCKED);
    const place = await this.lock(id);
    if (!place || !provisioning) return;
    await change(place, provisioning);
    provisioning.run++;
    await this.pool.enqueue(provisioning);
    await em.flush();
  }

  private lock(id: string): Promise<WarmTenant | null> {
    return this.unitOfWork.em.findOne(WarmTenant, { id }, LOCKED);
  }
}

/** What says that an address will never be read again. */
const UNREADABLE = [SecretKeyUnknownError, SecretsNotConfiguredError, SecretTamperedError];

/** What somebody else has locked is passed over: it is claimed at this moment, or being made. */
const LOCKED = { lockMode: LockMode.PESSIMISTIC_PARTIAL_WRITE, refresh: true } as const;

function isOutdated(place: WarmTenant, madeBy: string): boolean {
  return place.status === 'ready' && place.madeBy !== madeBy;
}

/** The names of migrations begin with the time at which they were made; states of entities have no order. */
function isLater(version: string | null, than: string | null): boolean {
  return version !== null && than !== null && !than.startsWith('entities:') && version > than;
}
