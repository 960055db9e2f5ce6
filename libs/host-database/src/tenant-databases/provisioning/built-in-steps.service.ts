import { Inject, Injectable } from '@nestjs/common';
import { assertText } from '../../common/index.js';
import { DATABASE_SETTINGS, type DatabaseSettings, dialectOf, UnitOfWork } from '../../database/index.js';
import { MembershipsService } from '../../memberships/index.js';
import { DuplicateTenantDatabaseError, TenantAddresses, TenantCatalog } from '../../tenants/index.js';
import { isWarmSeed, TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import { TenantSchema } from '../tenant-schema.js';
import { TenantStorage } from '../tenant-storage.js';
import type { BuiltInStep } from './built-in-steps.js';
import type { StepResult } from './provisioning.entities.js';
import type { ChosenPlace, ProvisioningWork } from './provisioning-work.js';

type Built = Exclude<BuiltInStep, 'create-owner-profile' | 'activate'>;

/** Does and undoes the library's own steps. Each can be repeated. */
@Injectable()
export class BuiltInSteps {
  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly storage: TenantStorage,
    private readonly schema: TenantSchema,
    private readonly addresses: TenantAddresses,
    private readonly memberships: MembershipsService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Does a step and returns what is recorded of it. */
  async execute(step: Built, work: ProvisioningWork): Promise<StepResult | undefined> {
    const { tenantId, place, tenant } = work;
    switch (step) {
      case 'choose-server':
        return { ...(await this.choose(tenantId)) };
      case 'create-storage':
        await this.storage.create(placeOf(work).address);
        return undefined;
      case 'create-user':
        // As the catalogue is to keep it: what the records have is no secret.
        return { dbUrl: (await this.addresses.seal(tenantId, place?.address ?? '')).dbUrl };
      case 'migrate':
        return { ...(await work.withOrm((orm) => this.schema.apply(tenantId, orm))) };
      case 'seed': {
        const { seed } = this.options;
        if (!seed) return undefined;
        await work.inDatabase((em) => (isWarmSeed(seed) ? seed.run(em) : tenant && seed(em, tenant)));
        return undefined;
      }
    }
  }

  /** Takes back what a step has made outside of the tenant's database, which goes as a whole. */
  async undo(step: BuiltInStep, { place }: ProvisioningWork): Promise<void> {
    if (step === 'create-storage' && place) await this.storage.drop(place.address);
  }

  /** Keeps which profile the owner has. */
  async keepProfile({ tenantId, run: { ownerId } }: ProvisioningWork, profileId: unknown): Promise<void> {
    if (ownerId === undefined || profileId === undefined || profileId === null) return;
    await this.memberships.setProfile({ userId: ownerId, tenantId, profileId: assertText(profileId, 'profileId') });
  }

  /** @throws DuplicateTenantDatabaseError before anything is made where another tenant lives: undoing that would be the end of it */
  private async choose(tenantId: string): Promise<ChosenPlace> {
    const address = dialectOf(this.hostSettings.type).tenantDatabaseUrl(this.hostSettings, tenantId, this.options.directory);
    const { dbUrlHash } = await this.addresses.seal(tenantId, address);
    const others = await this.unitOfWork.em.count(TenantCatalog, { dbUrlHash, id: { $ne: tenantId } });
    if (others > 0) throw new DuplicateTenantDatabaseError(tenantId);
    return { server: 'host', mode: 'database', address };
  }
}

function placeOf({ place, tenantId }: ProvisioningWork): ChosenPlace {
  if (!place) throw new TypeError(`No place is recorded for tenant ${tenantId}.`);
  return place;
}
