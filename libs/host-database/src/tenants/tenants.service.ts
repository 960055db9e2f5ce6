import { Injectable } from '@nestjs/common';
import { assertId } from '../common/index.js';
import { parseDatabaseUrl, UnitOfWork, violatesUnique } from '../database/index.js';
import {
  type ClosingOptions,
  type DeletionRequest,
  TenantDeletionRequests,
  TenantLifecycle,
  TenantStatusWriter,
} from './lifecycle/index.js';
import { isSlug } from './slug.js';
import { TenantAddresses } from './secrets/index.js';
import { DB_URL_HASH_UNIQUE, TenantCatalog, type TenantMode, type TenantStatus } from './tenant-catalog.entity.js';
import { DuplicateTenantDatabaseError, TenantNotFoundError, TenantStatusConflictError } from './tenants.errors.js';
import { TenantActivation } from './tenant-activation.js';
import { type TenantPlaceFacts, TenantProvisioners } from './tenant-provisioner.js';
import { type NewTenant, TenantRegistration } from './tenant-registration.js';

/** The job that gives a tenant its own database. Its handler is in the tenant-databases room. */
export const PROVISION_TENANT_JOB = 'tenants.provision-database';

declare module '../jobs/index.js' {
  interface JobPayloads {
    'tenants.provision-database': { readonly tenantId: string };
  }
}

/** The catalogue of tenants: which there are, and in which state. */
@Injectable()
export class TenantsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly activation: TenantActivation,
    private readonly addresses: TenantAddresses,
    private readonly statuses: TenantStatusWriter,
    private readonly lifecycle: TenantLifecycle,
    private readonly deletions: TenantDeletionRequests,
    private readonly registration: TenantRegistration,
    private readonly provisioners: TenantProvisioners,
  ) {}

  /**
   * Registers a tenant, its owner's membership and the job that provisions its database, in one transaction. The tenant can be
   * entered once that job is done: see {@link whenActive}. With a warm pool that has a place ready it can be entered with the commit.
   *
   * @throws InvalidInputError, DuplicateSlugError, and UserNotFoundError when the owner does not exist
   * @throws IdempotencyConflictError when the idempotency key was used for a request with other facts
   */
  async create(tenant: NewTenant): Promise<TenantCatalog> {
    return this.registration.create(tenant);
  }

  async findById(tenantId: string): Promise<TenantCatalog | null> {
    return this.unitOfWork.em.findOne(TenantCatalog, { id: assertId(tenantId, 'tenant') });
  }

  /** @throws TenantNotFoundError */
  async getById(tenantId: string): Promise<TenantCatalog> {
    const tenant = await this.findById(tenantId);
    if (!tenant) throw new TenantNotFoundError(tenantId);
    return tenant;
  }

  async findBySlug(slug: string): Promise<TenantCatalog | null> {
    return isSlug(slug) ? this.unitOfWork.em.findOne(TenantCatalog, { slug }) : null;
  }

  /**
   * Waits until the tenant can be entered, and returns it as it is then. Not inside a transaction.
   *
   * @throws TenantNotFoundError, WaitInTransactionError
   * @throws TenantNotActiveError when its provisioning failed or it is suspended
   * @throws TenantActivationTimeoutError when that takes longer than `timeoutMs` (default 30 seconds)
   */
  async whenActive(tenantId: string, options: { readonly timeoutMs?: number } = {}): Promise<TenantCatalog> {
    return this.activation.wait(assertId(tenantId, 'tenant'), options.timeoutMs ?? 30_000);
  }

  /**
   * Opens a tenant whose database, or schema (`?schema=`), is at `dbUrl`. The provisioning job calls this; call it yourself for a database that exists.
   *
   * The address is encrypted where the module has `secrets`.
   *
   * @param placing how and on which server it lives there, where that is known
   * @throws DatabaseConfigError when the address is not one of the host's kind of database
   * @throws SecretsNotConfiguredError when the address has a password and the module no `secrets`
   * @throws TenantNotFoundError, TenantStatusConflictError, DuplicateTenantDatabaseError
   */
  async activate(
    tenantId: string,
    dbUrl: string,
    { server = null, mode, schemaVersion, schemaDigest }: TenantPlaceFacts = {},
  ): Promise<TenantCatalog> {
    const sealed = await this.addresses.seal(assertId(tenantId, 'tenant'), dbUrl);
    try {
      return await this.statuses.change(tenantId, 'active', (tenant, from) => {
        assertNotToBeDeleted(tenant, from, 'active');
        const isElsewhere = tenant.dbUrlHash !== sealed.dbUrlHash;
        if (tenant.dbUrlHash != null && isElsewhere) tenant.generation++;
        // Of the tables there nothing is known.
        if (isElsewhere) Object.assign(tenant, { schemaVersion: null, schemaDigest: null });
        Object.assign(tenant, sealed, {
          server,
          mode: mode ?? modeOf(dbUrl),
          ...(schemaVersion !== undefined && { schemaVersion }),
          ...(schemaDigest !== undefined && { schemaDigest }),
        });
      });
    } catch (cause) {
      if (violatesUnique(cause, DB_URL_HASH_UNIQUE)) throw new DuplicateTenantDatabaseError(tenantId, { cause });
      throw cause;
    }
  }

  /**
   * Closes a tenant: its data stays, but every access is refused, at once in this process and within a second in all others.
   * Work that is under way ends, unless `drain` is false. Recorded as `tenants.suspended`; in the caller's transaction if there is one, as
   * all changes of status are. One that is archived, or is to be deleted, stays so, and comes back from there as a suspended one.
   *
   * @throws TenantNotFoundError, TenantStatusConflictError, InvalidInputError
   */
  async suspend(tenantId: string, options: ClosingOptions = {}): Promise<TenantCatalog> {
    return this.lifecycle.suspend(tenantId, options);
  }

  /**
   * Opens a suspended tenant again. Recorded as `tenants.reactivated`.
   *
   * @throws TenantNotFoundError, TenantStatusConflictError
   */
  async reactivate(tenantId: string): Promise<TenantCatalog> {
    return this.lifecycle.reactivate(tenantId);
  }

  /**
   * Puts an active or suspended tenant away: closed as a suspended one is, and nothing is expected to open it soon. Recorded as
   * `tenants.archived`.
   *
   * @throws TenantNotFoundError, TenantStatusConflictError, InvalidInputError
   */
  async archive(tenantId: string, options: ClosingOptions = {}): Promise<TenantCatalog> {
    return this.lifecycle.archive(tenantId, options);
  }

  /**
   * Takes an archived tenant, or one that is to be deleted, back to where it was: active, suspended, archived or failed. Recorded as
   * `tenants.restored`.
   *
   * @throws TenantNotFoundError
   * @throws TenantStatusConflictError when it is neither archived nor to be deleted
   * @throws TenantDeletionDueError when the time in which it could be restored is over
   */
  async restore(tenantId: string): Promise<TenantCatalog> {
    const { status } = await this.getById(tenantId);
    return status === 'pending_deletion' || status === 'deleted'
      ? this.deletions.cancel(tenantId)
      : this.lifecycle.unarchive(tenantId);
  }

  /**
   * Closes a tenant and has its data removed when `graceDays` are over; until then {@link restore} takes it back. Recorded as
   * `tenants.deletion-requested`. `TenantDeletion.plan()` tells what will be removed.
   *
   * @throws TenantNotFoundError, TenantStatusConflictError, InvalidInputError
   * @throws TenantExportNotConfiguredError when an export is asked for and there is no place for it
   */
  async requestDeletion(tenantId: string, request: DeletionRequest = {}): Promise<TenantCatalog> {
    return this.deletions.request(tenantId, request);
  }

  /** {@link restore} for a tenant that is to be deleted. @throws TenantNotFoundError, TenantStatusConflictError, TenantDeletionDueError */
  async cancelDeletion(tenantId: string): Promise<TenantCatalog> {
    return this.deletions.cancel(tenantId);
  }

  /** Records that the tenant's database could not be made. @throws TenantNotFoundError, TenantStatusConflictError */
  async markFailed(tenantId: string): Promise<TenantCatalog> {
    return this.statuses.change(tenantId, 'failed', (tenant, from) => assertNotToBeDeleted(tenant, from, 'failed'));
  }

  /**
   * Enqueues the provisioning of a tenant that failed, from its beginning, or helps on one that never ended. Whatever an earlier run still
   * does is not recorded.
   *
   * @throws TenantNotFoundError, TenantStatusConflictError
   */
  async retryProvisioning(tenantId: string): Promise<TenantCatalog> {
    const change = () => this.statuses.change(tenantId, 'provisioning');
    return this.unitOfWork.transactional(() => this.provisioners.current?.restart(tenantId, change) ?? change());
  }
}

/** Only {@link TenantsService.restore} takes back what a deletion has begun. @throws TenantStatusConflictError */
function assertNotToBeDeleted({ id }: TenantCatalog, from: TenantStatus, to: TenantStatus): void {
  if (from === 'pending_deletion') throw new TenantStatusConflictError(id, from, to);
}

function modeOf(address: string): TenantMode {
  return parseDatabaseUrl(address).schema === undefined ? 'database' : 'schema';
}
