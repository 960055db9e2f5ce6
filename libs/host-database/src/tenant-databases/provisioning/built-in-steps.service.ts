import { Inject, Injectable } from '@nestjs/common';
import { assertText } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { MembershipsService } from '../../memberships/index.js';
import { DuplicateTenantDatabaseError, TenantAddresses, TenantCatalog } from '../../tenants/index.js';
import { PlacingConditions, type TenantPlace, TenantPlacement, TenantUsers } from '../placement/index.js';
import { isWarmSeed, TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import { TenantSchema } from '../tenant-schema.js';
import { TenantStorage } from '../tenant-storage.js';
import type { BuiltInStep } from './built-in-steps.js';
import type { StepResult } from './provisioning.entities.js';
import type { ProvisioningWork } from './provisioning-work.js';

type Built = Exclude<BuiltInStep, 'create-owner-profile' | 'activate'>;

/** Does and undoes the library's own steps. Each can be repeated. */
@Injectable()
export class BuiltInSteps {
  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    private readonly placement: TenantPlacement,
    private readonly conditions: PlacingConditions,
    private readonly storage: TenantStorage,
    private readonly users: TenantUsers,
    private readonly schema: TenantSchema,
    private readonly addresses: TenantAddresses,
    private readonly memberships: MembershipsService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Does a step and returns what is recorded of it. */
  async execute(step: Built, work: ProvisioningWork): Promise<StepResult | undefined> {
    if (step === 'choose-server') return { ...(await this.choose(work)), conditions: this.conditions.digest };
    if (step === 'create-storage') await this.storage.create(placeOf(work).address);
    if (step === 'create-user') return this.createUser(work);
    if (step === 'migrate') return { ...(await work.migrating((orm) => this.schema.apply(work.tenantId, orm))) };
    if (step === 'seed') await this.seed(work);
    return undefined;
  }

  /** Takes back what a step has made outside of the tenant's database, which goes as a whole. */
  async undo(step: BuiltInStep, { place }: ProvisioningWork): Promise<void> {
    if (step === 'create-user' && place) await this.users.drop(place.address);
    if (step === 'create-storage' && place) await this.storage.drop(place.address);
  }

  /** Keeps which profile the owner has. */
  async keepProfile({ tenantId, run: { ownerId } }: ProvisioningWork, profileId: unknown): Promise<void> {
    if (ownerId === undefined || profileId === undefined || profileId === null) return;
    await this.memberships.setProfile({ userId: ownerId, tenantId, profileId: assertText(profileId, 'profileId') });
  }

  private async createUser(work: ProvisioningWork): Promise<StepResult> {
    const address = await this.users.create(placeOf(work).address);
    // As the catalogue is to keep it: what the records have is no secret.
    const { dbUrl } = await this.addresses.seal(work.tenantId, address);
    // Where another application has chosen the server, neither of them would have made this place.
    const conditions = work.chosenUnder === this.conditions.digest ? work.chosenUnder : null;
    return { dbUrl, conditions };
  }

  private async seed(work: ProvisioningWork): Promise<void> {
    const { seed } = this.options;
    const { tenant } = work;
    if (seed) await work.inDatabase((em) => (isWarmSeed(seed) ? seed.run(em) : tenant && seed(em, tenant)));
  }

  /** @throws DuplicateTenantDatabaseError before anything is made where another tenant lives: undoing that would be the end of it */
  private async choose({ tenantId, run: { wanted } }: ProvisioningWork): Promise<TenantPlace> {
    const place = await this.placement.choose({ tenantId, ...wanted });
    const { dbUrlHash } = await this.addresses.seal(tenantId, place.address);
    const others = await this.unitOfWork.em.count(TenantCatalog, { dbUrlHash, id: { $ne: tenantId } });
    if (others > 0) throw new DuplicateTenantDatabaseError(tenantId);
    return place;
  }
}

function placeOf({ place, tenantId }: ProvisioningWork): TenantPlace {
  if (!place) throw new TypeError(`No place is recorded for tenant ${tenantId}.`);
  return place;
}
