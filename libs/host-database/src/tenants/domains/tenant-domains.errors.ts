import { HostDatabaseError } from '../../common/index.js';
import type { DomainRecord } from './domain-record.js';

/** Another tenant has proved that this domain is theirs, and their record is still published. Nothing was written. */
export class DomainTakenError extends HostDatabaseError {
  readonly code = 'TENANTS_DOMAIN_TAKEN';

  constructor(
    readonly domain: string,
    options?: ErrorOptions,
  ) {
    super(`The domain ${domain} belongs to another tenant. Remove it there, or its record from DNS, or use another.`, options);
  }
}

/** The tenant has not claimed this domain. */
export class DomainNotFoundError extends HostDatabaseError {
  readonly code = 'TENANTS_DOMAIN_NOT_FOUND';

  constructor(
    readonly tenantId: string,
    readonly domain: string,
  ) {
    super(`Tenant ${tenantId} has not claimed the domain ${domain}. Claim it with TenantDomains.add().`);
  }
}

/** DNS does not show that the tenant owns the domain, or not yet. Nothing was written. */
export class DomainNotVerifiedError extends HostDatabaseError {
  readonly code = 'TENANTS_DOMAIN_NOT_VERIFIED';

  constructor(
    readonly domain: string,
    /** What has to be published. */
    readonly record: DomainRecord,
  ) {
    super(
      `The domain ${domain} is not verified: there is no ${record.type} record ${record.name} with the value ${record.value}. Publish it, ` +
        'and try again once name servers have it.',
    );
  }
}

/** DNS gave no answer. Nothing was written. */
export class DomainLookupError extends HostDatabaseError {
  readonly code = 'TENANTS_DOMAIN_LOOKUP_FAILED';

  constructor(
    /** What was looked up. */
    readonly recordName: string,
    options: ErrorOptions,
  ) {
    super(`DNS gave no answer about ${recordName}. Try again later, and check the name servers of this machine.`, options);
  }
}

/** A domain was to be verified inside a transaction, which would be open for as long as DNS takes. Nothing was written. */
export class DomainVerificationInTransactionError extends HostDatabaseError {
  readonly code = 'TENANTS_DOMAIN_VERIFICATION_IN_TRANSACTION';

  constructor() {
    super('A domain cannot be verified inside transactional(), which would wait for DNS. Verify it before or afterwards.');
  }
}
