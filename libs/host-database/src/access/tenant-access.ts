import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/index.js';
import { assertId, LruMap } from '../common/index.js';
import { ContextService, type HostContext } from '../context/index.js';
import { UnitOfWork } from '../database/index.js';
import { type Membership, MembershipsService } from '../memberships/index.js';
import { TenantDirectory, TenantNotFoundError } from '../tenants/index.js';
import { NotAuthenticatedError, TenantAccessDeniedError } from './access.errors.js';
import { type MembershipGrant, MembershipGrants } from './resolution/membership-grants.js';

/** How long it counts as told that somebody has asked for a tenant that there is not, and of how many that is known. */
const UNKNOWN_TOLD_FOR_MS = 60_000;
const UNKNOWN_TOLD_MAX = 10_000;

/** Whether the actor may enter a tenant. */
@Injectable()
export class TenantAccess {
  private readonly unknownTold = new LruMap<string, number>(UNKNOWN_TOLD_MAX);

  constructor(
    private readonly context: ContextService,
    private readonly memberships: MembershipsService,
    private readonly grants: MembershipGrants,
    private readonly directory: TenantDirectory,
    private readonly audit: AuditService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Runs `work` with exactly these facts and a unit of work of its own, where no middleware has begun one. */
  async inOwnContext<T>(facts: HostContext, work: () => Promise<T>): Promise<T> {
    return this.context.run(facts, () => this.unitOfWork.run(work));
  }

  /**
   * Returns what the actor is in a tenant, and may do there: as this process remembers it, while it hears of changes. A refusal is recorded
   * as `access.tenant-denied`, and stays when the caller's transaction is rolled back; of an id that no tenant has once a minute.
   *
   * @throws InvalidIdError, NotAuthenticatedError
   * @throws TenantAccessDeniedError when the actor is no active member, or there is no such tenant
   */
  async enter(tenantId: string): Promise<MembershipGrant> {
    const userId = this.assertAsked(tenantId);
    // What was asked for once is known not to be there, and asks no more.
    if (!(await this.isKnown(tenantId))) return this.deny({ userId, tenantId, isKnown: false });
    return (await this.grants.find({ userId, tenantId })) ?? this.deny({ userId, tenantId, isKnown: true });
  }

  /**
   * As {@link enter}, with the membership itself, which the database is asked for.
   *
   * @throws InvalidIdError, NotAuthenticatedError
   * @throws TenantAccessDeniedError when the actor is no active member, or there is no such tenant
   */
  async requireMembership(tenantId: string): Promise<Membership> {
    const userId = this.assertAsked(tenantId);
    const membership = await this.memberships.find({ userId, tenantId });
    if (membership?.isActive) return membership;
    return this.deny({ userId, tenantId, isKnown: await this.isKnown(tenantId) });
  }

  private assertAsked(tenantId: string): string {
    assertId(tenantId, 'tenant');
    const { actorUserId } = this.context.current;
    if (actorUserId === undefined) throw new NotAuthenticatedError();
    return actorUserId;
  }

  private async isKnown(tenantId: string): Promise<boolean> {
    return this.directory.getById(tenantId).then(
      () => true,
      (error: unknown) => {
        if (error instanceof TenantNotFoundError) return false;
        throw error;
      },
    );
  }

  /** In the log of the tenant, whose admins want to know. Ids that somebody has made up begin no logs: those are in the host's. */
  private async deny({ userId, tenantId, isKnown }: Denial): Promise<never> {
    if (isKnown || this.isNews(`${userId}:${tenantId}`)) {
      await this.audit.recordDetached({
        eventType: 'access.tenant-denied',
        tenantId: isKnown ? tenantId : null,
        targetId: tenantId,
        outcome: 'denied',
      });
    }
    throw new TenantAccessDeniedError(tenantId);
  }

  private isNews(probe: string): boolean {
    const now = performance.now();
    const told = this.unknownTold.get(probe);
    if (told !== undefined && now - told < UNKNOWN_TOLD_FOR_MS) return false;
    this.unknownTold.set(probe, now);
    return true;
  }
}

interface Denial {
  readonly userId: string;
  readonly tenantId: string;
  readonly isKnown: boolean;
}
