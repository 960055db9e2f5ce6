import { LockMode } from '@mikro-orm/core';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { DomainLosses } from './domain-losses.js';
import { recordOf } from './domain-record.js';
import { DomainVerifier } from './domain-verifier.js';
import { TenantDomain } from './tenant-domain.entity.js';
import { DomainLookupError } from './tenant-domains.errors.js';
import { TENANT_DOMAINS_OPTIONS, type TenantDomainsOptions } from './tenant-domains.options.js';

const A_DAY_MS = 86_400_000;
/** How many domains one run looks up at most; the next one goes on with those that were asked about the longest time ago. */
const DOMAINS_AT_MOST = 500;
/** How many of them at the same time: what DNS does not answer takes seconds. */
const LOOKUPS_AT_ONCE = 20;
/** How long one that is missing, or about which DNS has said nothing, is left alone. */
const ASK_AGAIN_AFTER_MS = 3 * 3_600_000;

/** What has become of the domains that one run has looked up. */
export interface ReverifiedDomains {
  /** Their record is there. */
  readonly verified: number;
  /** DNS says that it is not there, and their time is not over. */
  readonly missing: number;
  /** They were taken from their tenants. */
  readonly lost: number;
  /** DNS gave no answer. */
  readonly unanswered: number;
}

type Outcome = keyof ReverifiedDomains | 'changed';

/** Looks up verified domains again, so that who had one once does not keep it for ever. */
@Injectable()
export class DomainReverification {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly verifier: DomainVerifier,
    private readonly losses: DomainLosses,
    private readonly clock: Clock,
    @Inject(TENANT_DOMAINS_OPTIONS) private readonly options: TenantDomainsOptions,
  ) {}

  /**
   * Looks up those that are due, a bounded number. Each is written in a transaction of its own; DNS is asked outside of all.
   *
   * @throws whatever a `DomainVerifier` throws that is no `DomainLookupError`, and the reason of the signal
   */
  async run(signal?: AbortSignal): Promise<ReverifiedDomains> {
    const counts = { verified: 0, missing: 0, lost: 0, unanswered: 0, changed: 0 } satisfies Record<Outcome, number>;
    const due = await this.findDue();
    for (let at = 0; at < due.length; at += LOOKUPS_AT_ONCE) {
      signal?.throwIfAborted();
      const claims = due.slice(at, at + LOOKUPS_AT_ONCE);
      const answers = await Promise.all(claims.map((claim) => this.lookUp(claim)));
      for (const [index, claim] of claims.entries()) counts[await this.record(claim, answers[index])]++;
    }
    const { changed: _, ...reverified } = counts;
    return reverified;
  }

  private async findDue(): Promise<TenantDomain[]> {
    const now = this.clock.now().getTime();
    const before = (ms: number) => new Date(now - ms);
    return this.unitOfWork.em.find(
      TenantDomain,
      {
        verifiedAt: { $ne: null },
        $and: [
          { $or: [{ lastVerifiedAt: null }, { lastVerifiedAt: { $lte: before(this.options.reverifyAfterDays * A_DAY_MS) } }] },
          { $or: [{ lastCheckedAt: null }, { lastCheckedAt: { $lte: before(ASK_AGAIN_AFTER_MS) } }] },
        ],
      },
      { orderBy: { lastCheckedAt: 'asc', id: 'asc' }, limit: DOMAINS_AT_MOST, disableIdentityMap: true },
    );
  }

  /** Whether the record is there; undefined where DNS does not say. */
  private async lookUp(claim: TenantDomain): Promise<boolean | undefined> {
    try {
      return await this.verifier.hasRecord(recordOf(claim, this.options));
    } catch (error) {
      if (error instanceof DomainLookupError) return undefined;
      throw error;
    }
  }

  private async record({ id, token }: TenantDomain, isThere: boolean | undefined): Promise<Outcome> {
    return this.unitOfWork.transactional(async (em) => {
      const locked = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const;
      const claim = await em.findOne(TenantDomain, { id, token, verifiedAt: { $ne: null } }, locked);
      // It was removed, or lost, while DNS was asked.
      if (!claim) return 'changed';
      const now = this.clock.now();
      claim.lastCheckedAt = now;
      if (isThere === undefined) return 'unanswered';
      if (isThere) {
        Object.assign(claim, { lastVerifiedAt: now, missingSince: null });
        return 'verified';
      }
      claim.missingSince ??= now;
      if (now.getTime() - claim.missingSince.getTime() < this.options.graceDays * A_DAY_MS) return 'missing';
      await this.losses.tell(claim, 'record-missing');
      // It is claimed still, and can be proved again.
      Object.assign(claim, { verifiedAt: null, lastVerifiedAt: null, lastCheckedAt: null, missingSince: null });
      return 'lost';
    });
  }
}
