import { Injectable } from '@nestjs/common';
import { assertId, assertOneOf, assertText, Clock, genId } from '../common/index.js';
import { UnitOfWork, violatesUnique } from '../database/index.js';
import { assertIdempotencyKey, TenantRequests } from './requests/tenant-requests.js';
import { assertSlug } from './slug.js';
import { TENANT_MODES, TenantCatalog } from './tenant-catalog.entity.js';
import { type PlaceRequest, type ReadyPlace, TenantProvisioners } from './tenant-provisioner.js';
import { DuplicateSlugError, TenantNotFoundError } from './tenants.errors.js';
import { TenantCreated, TenantEvents, TenantStatusChanged } from './tenants.events.js';

const SLUG_UNIQUE = { name: 'core_tenants_slug_unique', table: 'core_tenants', columns: ['slug'] };

/** A tenant to be. */
export interface NewTenant {
  readonly name: string;
  /** Its name in addresses: lower-case letters, digits and dashes, unique. */
  readonly slug?: string;
  /** The user who becomes its owner, in the same transaction. */
  readonly ownerId?: string;
  /** @default 'free' */
  readonly planTier?: string;
  /** How its data is kept apart, and on which server. @default the option `tenantDatabases.placement` */
  readonly placement?: PlaceRequest['placement'];
  /**
   * Made up by the caller for this one request, 1 to 255 characters: the same key with the same facts returns the tenant that it made,
   * also when both are under way at the same time. Kept until the tenant is deleted.
   */
  readonly idempotencyKey?: string;
}

/** Registers tenants, once for each request. */
@Injectable()
export class TenantRegistration {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly events: TenantEvents,
    private readonly clock: Clock,
    private readonly requests: TenantRequests,
    private readonly provisioners: TenantProvisioners,
  ) {}

  /** What `TenantsService.create()` promises. */
  async create({ name, slug, ownerId, planTier, placement, idempotencyKey }: NewTenant): Promise<TenantCatalog> {
    const facts = {
      name: assertText(name, 'name'),
      slug: slug === undefined ? null : assertSlug(slug),
      ...(planTier !== undefined && { planTier: assertText(planTier, 'planTier') }),
    };
    const owner = ownerId === undefined ? undefined : assertId(ownerId, 'user');
    const wanted = placement && assertPlacement(placement);
    const register = () => this.register(facts, { ownerId: owner, placement: wanted });
    if (idempotencyKey === undefined) return this.unitOfWork.transactional(register);
    const request = {
      idempotencyKey: assertIdempotencyKey(idempotencyKey),
      facts: { planTier: null, ...facts, ...wanted, ownerId: owner ?? null },
    };
    return this.unitOfWork.transactional(async (em) => {
      const tenantId = await this.requests.claim(em, request);
      if (tenantId !== undefined) {
        const failHandler = () => new TenantNotFoundError(tenantId);
        return em.findOneOrFail(TenantCatalog, { id: tenantId }, { failHandler });
      }
      const tenant = await register();
      await this.requests.settle(em, request, tenant.id);
      return tenant;
    });
  }

  private async register(
    { slug, ...facts }: Pick<TenantCatalog, 'name'> & { readonly slug: string | null; readonly planTier?: string },
    request: PlaceRequest,
  ): Promise<TenantCatalog> {
    const { em } = this.unitOfWork;
    const place = await this.provisioners.current?.claimPlace(request);
    const id = place?.tenantId ?? genId();
    const tenant = em.create(TenantCatalog, {
      id,
      ...facts,
      slug,
      createdAt: this.clock.now(),
      statusChangedAt: this.clock.now(),
      ...(place && placed(place)),
    });
    try {
      await em.flush();
    } catch (cause) {
      if (violatesUnique(cause, SLUG_UNIQUE)) throw new DuplicateSlugError(slug ?? '', { cause });
      throw cause;
    }
    await this.events.emitCreated(new TenantCreated(tenant, request.ownerId));
    await this.provisioners.current?.begin({ tenant, place, ...request });
    if (tenant.isActive) this.unitOfWork.afterCommit(() => this.events.emitStatusChanged(new TenantStatusChanged(id, 'active')));
    return tenant;
  }
}

/** @throws InvalidInputError */
function assertPlacement({ mode, server }: NonNullable<PlaceRequest['placement']>) {
  return {
    ...(mode !== undefined && { mode: assertOneOf(mode, TENANT_MODES, 'placement.mode') }),
    ...(server !== undefined && { server: assertText(server, 'placement.server', 63) }),
  };
}

/** What the row of a tenant says whose place is ready. */
function placed({
  isComplete,
  dbUrl,
  dbUrlHash,
  mode = 'database',
  server = null,
  schemaVersion = null,
  schemaDigest = null,
}: ReadyPlace) {
  // One with steps before it gets its address when it is opened, as any other.
  return isComplete && { dbUrl, dbUrlHash, mode, server, schemaVersion, schemaDigest, status: 'active' as const, isActive: true };
}
