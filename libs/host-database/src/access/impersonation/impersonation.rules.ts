import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import { UnitOfWork } from '../../database/index.js';
import { Membership } from '../../memberships/index.js';
import { TenantsService } from '../../tenants/index.js';
import { GlobalUser, UserNotFoundError } from '../../users/index.js';
import { NotAuthenticatedError } from '../access.errors.js';
import type { Impersonation } from './impersonation.entity.js';
import { type ImpersonationProblem, ImpersonationRefusedError } from './impersonation.errors.js';

/** As whom somebody wants to act, and where. */
export interface ImpersonationTarget {
  readonly userId: string;
  readonly tenantId: string;
}

/** Who may act as whom. Asks the database, whatever the unit of work remembers. */
@Injectable()
export class ImpersonationRules {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly tenants: TenantsService,
    private readonly audit: AuditService,
    private readonly context: ContextService,
  ) {}

  /**
   * Returns the id of the actor, who may. A refusal is recorded as `access.impersonation-refused`, in the log of the tenant if there is
   * such a tenant, and stays.
   *
   * @throws NotAuthenticatedError, InvalidIdError, ImpersonationRefusedError, UserNotFoundError
   */
  async assertMayBegin(target: ImpersonationTarget): Promise<string> {
    const { actorUserId } = this.context.current;
    assertId(target.userId, 'user');
    assertId(target.tenantId, 'tenant');
    if (actorUserId === undefined) throw new NotAuthenticatedError();
    const problem = await this.problemOf(actorUserId, target);
    if (!problem) return actorUserId;
    const tenant = await this.tenants.findById(target.tenantId);
    await this.audit.recordDetached({
      eventType: 'access.impersonation-refused',
      tenantId: tenant?.id ?? null,
      targetId: target.userId,
      outcome: 'denied',
      details: { problem },
    });
    throw new ImpersonationRefusedError(problem);
  }

  /** @throws NotAuthenticatedError */
  async mayEnd({ adminUserId }: Impersonation): Promise<boolean> {
    const { actorUserId, impersonatorUserId } = this.context.current;
    if (actorUserId === undefined) throw new NotAuthenticatedError();
    if ((impersonatorUserId ?? actorUserId) === adminUserId) return true;
    return impersonatorUserId === undefined && (await this.isAdministrator(actorUserId));
  }

  private async problemOf(actorUserId: string, target: ImpersonationTarget): Promise<ImpersonationProblem | undefined> {
    if (this.context.current.impersonatorUserId !== undefined) return 'impersonating';
    if (!(await this.isAdministrator(actorUserId))) return 'not-an-administrator';
    if (target.userId === actorUserId) return 'oneself';
    const user = await this.findUser(target.userId);
    if (!user) throw new UserNotFoundError(target.userId);
    if (user.isSysAdmin) return 'target-is-administrator';
    if (user.deactivatedAt != null) return 'target-deactivated';
    const where = { user: target.userId, tenant: target.tenantId, isActive: true };
    const membership = await this.unitOfWork.em.findOne(Membership, where, { disableIdentityMap: true });
    return membership ? undefined : 'target-not-a-member';
  }

  private async isAdministrator(userId: string): Promise<boolean> {
    const user = await this.findUser(userId);
    return user !== null && user.isSysAdmin && user.deactivatedAt == null;
  }

  private async findUser(id: string): Promise<GlobalUser | null> {
    return this.unitOfWork.em.findOne(GlobalUser, { id }, { disableIdentityMap: true });
  }
}
