import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId } from '../../common/index.js';
import { TenantDirectory } from '../../tenants/index.js';
import { TenantMismatchError, TenantRequiredError } from '../access.errors.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import type { Principal } from '../authentication/authenticator.js';
import { type TenantHints, type TenantName, tenantNames } from './tenant-names.js';

interface ResolvedName {
  readonly source: string;
  readonly tenantId: string;
}

/** Finds out which tenant a request is for. Whether its user may enter is asked afterwards. */
@Injectable()
export class TenantResolver {
  constructor(
    @Inject(ACCESS_OPTIONS) private readonly options: ResolvedAccessOptions,
    private readonly directory: TenantDirectory,
    private readonly audit: AuditService,
  ) {}

  /**
   * Returns the id of the tenant: what the verified credential says, and then the configured sources in their order. All that is there has
   * to name the same tenant; a disagreement is recorded as `access.tenant-mismatch`. An id is returned whether or not there is such a tenant,
   * which only its members are told.
   *
   * @throws InvalidIdError
   * @throws TenantRequiredError where nothing names one
   * @throws TenantNotFoundError for a slug or domain that no tenant has
   * @throws TenantMismatchError
   */
  async resolve(hints: TenantHints, principal?: Pick<Principal, 'tenantId'>): Promise<string> {
    const { resolution } = this.options;
    const resolved: ResolvedName[] = [];
    if (principal?.tenantId !== undefined) resolved.push({ source: 'principal', tenantId: principal.tenantId });
    for (const name of tenantNames(hints, resolution)) {
      resolved.push({ source: name.source, tenantId: await this.idOf(name) });
    }
    const [first] = resolved;
    if (!first) throw new TenantRequiredError(resolution.sources);
    if (resolved.some(({ tenantId }) => tenantId !== first.tenantId)) return this.refuse(first.tenantId, resolved);
    return first.tenantId;
  }

  private async idOf({ kind, value }: TenantName): Promise<string> {
    if (kind === 'id') return assertId(value, 'tenant');
    return (await (kind === 'slug' ? this.directory.getBySlug(value) : this.directory.getByDomain(value))).id;
  }

  private async refuse(targetId: string, resolved: readonly ResolvedName[]): Promise<never> {
    await this.audit.recordDetached({
      eventType: 'access.tenant-mismatch',
      // A request can name any tenant: what somebody makes up is not written in the log of one.
      tenantId: null,
      targetId,
      details: { sources: Object.fromEntries(resolved.map(({ source, tenantId }) => [source, tenantId])) },
      outcome: 'denied',
    });
    throw new TenantMismatchError(resolved.map(({ source }) => source));
  }
}
