import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/index.js';
import { assertId } from '../common/index.js';
import { ContextService, type HostContext } from '../context/index.js';
import { UnitOfWork } from '../database/index.js';
import { type Membership, MembershipsService } from '../memberships/index.js';
import { TenantsService } from '../tenants/index.js';
import { NotAuthenticatedError, TenantAccessDeniedError } from './access.errors.js';

/** Whether the actor may enter a tenant. */
@Injectable()
export class TenantAccess {
  constructor(
    private readonly context: ContextService,
    private readonly memberships: MembershipsService,
    private readonly tenants: TenantsService,
    private readonly audit: AuditService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Runs `work` with exactly these facts and a unit of work of its own, where no middleware has begun one. */
  async inOwnContext<T>(facts: HostContext, work: () => Promise<T>): Promise<T> {
    return this.context.run(facts, () => this.unitOfWork.run(work));
  }

  /**
   * Returns what the actor is in a tenant. A refusal is recorded as `access.tenant-denied`, and stays when the caller's transaction is
   * rolled back.
   *
   * @throws InvalidIdError, NotAuthenticatedError
   * @throws TenantAccessDeniedError when the actor is no active member, or there is no such tenant
   */
  async requireMembership(tenantId: string): Promise<Membership> {
    assertId(tenantId, 'tenant');
    const { actorUserId } = this.context.current;
    if (actorUserId === undefined) throw new NotAuthenticatedError();
    const membership = await this.memberships.find({ userId: actorUserId, tenantId });
    if (membership?.isActive) return membership;
    await this.recordDenial(tenantId);
    throw new TenantAccessDeniedError(tenantId);
  }

  /** In the log of the tenant, whose admins want to know. Ids that somebody has made up begin no logs: those are in the host's. */
  private async recordDenial(tenantId: string): Promise<void> {
    const tenant = await this.tenants.findById(tenantId);
    await this.audit.recordDetached({
      eventType: 'access.tenant-denied',
      tenantId: tenant?.id ?? null,
      targetId: tenantId,
      outcome: 'denied',
    });
  }
}
