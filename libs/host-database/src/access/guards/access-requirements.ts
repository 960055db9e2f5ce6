import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { Entitlements } from '../../billing/index.js';
import { ContextService } from '../../context/index.js';
import { isAtLeast } from '../../memberships/index.js';
import { TenantDirectory } from '../../tenants/index.js';
import { NotAuthenticatedError, PermissionRequiredError, RoleRequiredError, SystemAdminRequiredError } from '../access.errors.js';
import { type UserStanding, UserStandings } from '../authentication/user-standing.js';
import type { MembershipGrant } from '../resolution/membership-grants.js';
import { TenantAccess } from '../tenant-access.js';
import { type AccessDeclaration, paymentOf } from './access-declarations.js';

/** A declaration, and where it was written. */
export interface DeclaredRoute {
  readonly declaration: AccessDeclaration;
  /** The class and the method. */
  readonly route: string;
}

/** Holds the actor of the current context to what is declared. Refusals are recorded. */
@Injectable()
export class AccessRequirements {
  constructor(
    private readonly context: ContextService,
    private readonly standings: UserStandings,
    private readonly access: TenantAccess,
    private readonly directory: TenantDirectory,
    private readonly audit: AuditService,
    private readonly entitlements: Entitlements,
  ) {}

  /** @throws NotAuthenticatedError, SystemAdminRequiredError */
  async assertUser({ declaration, route }: DeclaredRoute): Promise<UserStanding> {
    const { actorUserId, impersonatorUserId } = this.context.current;
    const standing = actorUserId === undefined ? undefined : await this.standings.find(actorUserId);
    if (!standing) throw new NotAuthenticatedError();
    if (declaration.level === 'system-admin' && (!standing.isSysAdmin || impersonatorUserId !== undefined)) {
      await this.audit.recordDetached({ eventType: 'access.system-admin-denied', details: { route }, outcome: 'denied' });
      throw new SystemAdminRequiredError();
    }
    return standing;
  }

  /** @throws TenantAccessDeniedError, TenantNotActiveError, RoleRequiredError, PermissionRequiredError, PaymentRequiredError */
  async assertMember(tenantId: string, { declaration, route }: DeclaredRoute): Promise<MembershipGrant> {
    const grant = await this.access.enter(tenantId);
    const tenant = await this.directory.getById(tenantId);
    if (!declaration.allowsInactive) tenant.assertActive();
    const { role, permissions = [] } = declaration;
    if (role !== undefined && !isAtLeast(grant.role, role)) {
      await this.recordDenial(tenantId, { requires: role, route });
      throw new RoleRequiredError(role);
    }
    const missing = permissions.find((permission) => !grant.permissions.has(permission));
    if (missing !== undefined) {
      await this.recordDenial(tenantId, { requires: missing, route });
      throw new PermissionRequiredError(missing);
    }
    const payment = paymentOf(declaration);
    if (payment) await this.entitlements.require(tenantId, payment);
    return grant;
  }

  private async recordDenial(tenantId: string, details: { readonly requires: string; readonly route: string }): Promise<void> {
    const eventType = 'access.requirement-denied';
    await this.audit.recordDetached({ eventType, tenantId, targetId: tenantId, details, outcome: 'denied' });
  }
}
