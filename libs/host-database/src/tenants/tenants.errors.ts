import { HostDatabaseError } from '../common/index.js';
import type { TenantStatus } from './tenant-catalog.entity.js';

/** There is no tenant with this id or slug. */
export class TenantNotFoundError extends HostDatabaseError {
  readonly code = 'TENANTS_NOT_FOUND';

  constructor(
    /** The id or the slug that was asked for. */
    readonly tenant: string,
  ) {
    super(`There is no tenant ${tenant}. Pass the id or slug of a tenant that exists.`);
  }
}

/** A tenant is not active, so its data cannot be reached. */
export class TenantNotActiveError extends HostDatabaseError {
  readonly code = 'TENANTS_NOT_ACTIVE';

  constructor(
    readonly tenantId: string,
    readonly status: TenantStatus,
  ) {
    super(`Tenant ${tenantId} is ${status}, so its data cannot be reached. ${ADVICE[status]}`);
  }
}

const ADVICE: Readonly<Record<TenantStatus, string>> = {
  provisioning: 'Wait for it with TenantsService.whenActive().',
  active: 'Ask again.',
  suspended: 'Reactivate it with TenantsService.reactivate().',
  archived: 'Restore it with TenantsService.restore().',
  pending_deletion: 'Restore it with TenantsService.restore() before its time is over.',
  deleted: 'Its data is gone. Create another tenant.',
  failed: 'Read why in TenantProvisionings.of(), mend the cause and call TenantsService.retryProvisioning().',
};

/** A tenant with this slug exists. Nothing was written. */
export class DuplicateSlugError extends HostDatabaseError {
  readonly code = 'TENANTS_DUPLICATE_SLUG';

  constructor(
    readonly slug: string,
    options?: ErrorOptions,
  ) {
    super(`The slug ${slug} is taken. Choose another.`, options);
  }
}

/** An idempotency key was used for a request with other facts. Nothing was written. */
export class IdempotencyConflictError extends HostDatabaseError {
  readonly code = 'TENANTS_IDEMPOTENCY_CONFLICT';

  constructor(
    readonly idempotencyKey: string,
    /** The tenant that the first request made. */
    readonly tenantId: string,
  ) {
    super(
      `The idempotency key ${idempotencyKey} was used for another request, which made tenant ${tenantId}. Repeat that one with the same ` +
        'facts, or make up a key for the new one.',
    );
  }
}

/** Another tenant lives in this database. Nothing was written. */
export class DuplicateTenantDatabaseError extends HostDatabaseError {
  readonly code = 'TENANTS_DUPLICATE_DATABASE';

  constructor(
    readonly tenantId: string,
    options?: ErrorOptions,
  ) {
    super(`Another tenant lives in the database that tenant ${tenantId} was to have. Give each tenant one of its own.`, options);
  }
}

/** The change is not possible from the tenant's present status. Nothing was written. */
export class TenantStatusConflictError extends HostDatabaseError {
  readonly code = 'TENANTS_STATUS_CONFLICT';

  constructor(
    readonly tenantId: string,
    readonly from: TenantStatus,
    readonly to: TenantStatus,
    options?: ErrorOptions,
  ) {
    super(`Tenant ${tenantId} is ${from} and cannot become ${to} from there. Reload it and decide again.`, options);
  }
}

/** A tenant did not become active within the time that the caller gave. It may still do so. */
export class TenantActivationTimeoutError extends HostDatabaseError {
  readonly code = 'TENANTS_ACTIVATION_TIMEOUT';

  constructor(
    readonly tenantId: string,
    readonly timeoutMs: number,
  ) {
    super(
      `Tenant ${tenantId} did not become active within ${timeoutMs} ms. Wait again; if it stays so, check that a process with a ` +
        'jobs worker runs.',
    );
  }
}

/** Waiting inside a transaction for what only its end can set in motion. */
export class WaitInTransactionError extends HostDatabaseError {
  readonly code = 'TENANTS_WAIT_IN_TRANSACTION';

  constructor() {
    super(
      'whenActive() cannot be awaited inside transactional(): the tenant becomes active only after the commit. Await it afterwards.',
    );
  }
}
