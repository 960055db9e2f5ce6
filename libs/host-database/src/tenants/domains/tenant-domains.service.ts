import { randomBytes } from 'node:crypto';
import { LockMode } from '@mikro-orm/core';
import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId, Clock } from '../../common/index.js';
import { UnitOfWork, violatesUnique } from '../../database/index.js';
import { TenantDirectory } from '../catalog-cache/index.js';
import { TenantCatalog } from '../tenant-catalog.entity.js';
import { TenantNotFoundError } from '../tenants.errors.js';
import { assertDomain } from './domain-name.js';
import { DomainLosses } from './domain-losses.js';
import { type DomainRecord, recordOf } from './domain-record.js';
import { DomainVerifier } from './domain-verifier.js';
import { TenantDomain, VERIFIED_DOMAIN_UNIQUE } from './tenant-domain.entity.js';
import {
  DomainNotFoundError,
  DomainNotVerifiedError,
  DomainTakenError,
  DomainVerificationInTransactionError,
} from './tenant-domains.errors.js';
import { TENANT_DOMAINS_OPTIONS, type TenantDomainsOptions } from './tenant-domains.options.js';

const TOKEN_BYTES = 16;

/** A domain that a tenant says is its own. */
export interface ClaimedDomain {
  /** As DNS has it. */
  readonly domain: string;
  /** Since when it leads to the tenant. */
  readonly verifiedAt: Date | null;
  /** When its record was last seen. */
  readonly lastVerifiedAt: Date | null;
  /** Since when its record is missing: it is lost after `graceDays`, unless the record is published again. */
  readonly missingSince: Date | null;
  /** What its owner publishes to prove it. */
  readonly record: DomainRecord;
}

/**
 * The custom domains of tenants. A tenant claims a domain, its owner publishes a TXT record, and once that is seen the domain leads to the
 * tenant: see `TenantDirectory.getByDomain()`. Several tenants may claim one domain, and none keeps another from proving it.
 */
@Injectable()
export class TenantDomains {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly directory: TenantDirectory,
    private readonly verifier: DomainVerifier,
    private readonly audit: AuditService,
    private readonly losses: DomainLosses,
    private readonly clock: Clock,
    @Inject(TENANT_DOMAINS_OPTIONS) private readonly options: TenantDomainsOptions,
  ) {}

  /**
   * Claims a domain, and says what is to be published. The second time the same as the first. Another tenant may have it: {@link verify}
   * finds out whether it still does.
   *
   * @throws InvalidIdError, InvalidInputError, TenantNotFoundError
   */
  async add(tenantId: string, domain: string): Promise<ClaimedDomain> {
    const id = assertId(tenantId, 'tenant');
    const name = assertDomain(domain);
    return this.unitOfWork.transactional(async (em) => {
      await em.flush();
      // Two that add the same take turns.
      const tenant = await em.findOne(TenantCatalog, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (!tenant) throw new TenantNotFoundError(id);
      const claim = await em.findOne(TenantDomain, { tenant: id, domain: name });
      if (claim) return this.describe(claim);
      const token = randomBytes(TOKEN_BYTES).toString('hex');
      const added = em.create(TenantDomain, { tenant, domain: name, token, createdAt: this.clock.now() });
      await em.flush();
      return this.describe(added);
    });
  }

  /**
   * Looks into DNS, and has the domain lead to the tenant if the record is there. Claims of other tenants on it end. One who has verified
   * it keeps it while their own record is published, and loses it (`tenants.domain-lost`) where DNS says that it is not. A domain of the
   * tenant's own whose record was missing is looked up again.
   *
   * Not inside a transaction, which would wait for DNS. A refusal is recorded as `tenants.domain-refused`.
   *
   * @throws DomainVerificationInTransactionError, DomainNotFoundError
   * @throws DomainNotVerifiedError when DNS does not have the record; DomainLookupError when it gives no answer
   * @throws DomainTakenError when another tenant has verified it, and their record is there
   */
  async verify(tenantId: string, domain: string): Promise<ClaimedDomain> {
    if (this.unitOfWork.isInTransaction) throw new DomainVerificationInTransactionError();
    const [id, name] = [assertId(tenantId, 'tenant'), assertDomain(domain)];
    const where = { tenant: id, domain: name };
    const claim = await this.unitOfWork.em.findOne(TenantDomain, where, { disableIdentityMap: true });
    if (!claim) throw new DomainNotFoundError(id, name);
    const described = this.describe(claim);
    if (claim.verifiedAt != null && claim.missingSince == null) return described;
    try {
      if (!(await this.verifier.hasRecord(described.record))) throw new DomainNotVerifiedError(name, described.record);
      return await this.confirm(id, claim, await this.findGone(claim));
    } catch (error) {
      if (error instanceof DomainNotVerifiedError || error instanceof DomainTakenError) {
        const details = { domain: name, reason: error.code };
        await this.audit.recordDetached({
          eventType: 'tenants.domain-refused',
          tenantId: id,
          targetId: id,
          outcome: 'denied',
          details,
        });
      }
      throw error;
    }
  }

  /**
   * Takes a domain from a tenant, claimed or verified.
   *
   * @throws DomainNotFoundError
   */
  async remove(tenantId: string, domain: string): Promise<void> {
    const [id, name] = [assertId(tenantId, 'tenant'), assertDomain(domain)];
    await this.unitOfWork.transactional(async (em) => {
      const claim = await em.findOne(TenantDomain, { tenant: id, domain: name });
      if (!claim) throw new DomainNotFoundError(id, name);
      em.remove(claim);
      await em.flush();
      this.tellAfterCommit(id, name);
    });
  }

  /** The domains of a tenant, by name. */
  async list(tenantId: string): Promise<ClaimedDomain[]> {
    const where = { tenant: assertId(tenantId, 'tenant') };
    const claims = await this.unitOfWork.em.find(TenantDomain, where, { orderBy: { domain: 1 } });
    return claims.map((claim) => this.describe(claim));
  }

  /**
   * Finds the claim of another tenant who has verified the domain and whose record is gone.
   *
   * @throws DomainTakenError when it is there; DomainLookupError when DNS does not say
   */
  private async findGone({ id, domain }: TenantDomain): Promise<TenantDomain | null> {
    const where = { domain, verifiedAt: { $ne: null }, id: { $ne: id } };
    const holder = await this.unitOfWork.em.findOne(TenantDomain, where, { disableIdentityMap: true });
    if (holder && (await this.verifier.hasRecord(recordOf(holder, this.options)))) throw new DomainTakenError(domain);
    return holder;
  }

  private async confirm(
    tenantId: string,
    { id, token, domain }: TenantDomain,
    gone: TenantDomain | null,
  ): Promise<ClaimedDomain> {
    try {
      return await this.unitOfWork.transactional(async (em) => {
        // All of them in one order, for others may be proving the same domain at this moment.
        const locked = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true, orderBy: { id: 1 } } as const;
        const claims = await em.find(TenantDomain, { domain }, locked);
        const others = claims.filter((each) => each.id !== id);
        const holder = others.find(({ verifiedAt }) => verifiedAt != null);
        // Whoever has verified it meanwhile has just published the record.
        if (holder && (holder.id !== gone?.id || holder.token !== gone.token)) throw new DomainTakenError(domain);
        // It may have been removed, and claimed anew with another token, while DNS was asked.
        const claim = claims.find((each) => each.id === id && each.token === token);
        if (!claim) throw new DomainNotFoundError(tenantId, domain);
        if (holder) await this.losses.tell(holder, 'taken-over');
        for (const other of others) em.remove(other);
        // Before the other row is verified: an update is written before a removal, and there can be one.
        await em.flush();
        const now = this.clock.now();
        Object.assign(claim, {
          verifiedAt: claim.verifiedAt ?? now,
          lastVerifiedAt: now,
          lastCheckedAt: now,
          missingSince: null,
        });
        await em.flush();
        this.tellAfterCommit(tenantId, domain);
        return this.describe(claim);
      });
    } catch (cause) {
      if (violatesUnique(cause, VERIFIED_DOMAIN_UNIQUE)) throw new DomainTakenError(domain, { cause });
      throw cause;
    }
  }

  private tellAfterCommit(tenantId: string, domain: string): void {
    this.unitOfWork.afterCommit(() => this.directory.invalidate(tenantId, { domain }));
  }

  private describe(claim: TenantDomain): ClaimedDomain {
    const { domain, verifiedAt = null, lastVerifiedAt = null, missingSince = null } = claim;
    return { domain, verifiedAt, lastVerifiedAt, missingSince, record: recordOf(claim, this.options) };
  }
}
