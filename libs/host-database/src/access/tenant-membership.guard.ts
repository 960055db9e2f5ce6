import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { assertId } from '../common/index.js';
import { ContextService } from '../context/index.js';
import { MembershipsService } from '../memberships/index.js';
import { NotAuthenticatedError, TenantAccessDeniedError } from './access.errors.js';
import { TENANT_PARAM_METADATA } from './access.constants.js';

/** Lets a request pass only if the actor is a member of the tenant that the route names. */
@Injectable()
export class TenantMembershipGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly context: ContextService,
    private readonly memberships: MembershipsService,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const param = this.reflector.getAllAndOverride<string>(TENANT_PARAM_METADATA, [execution.getHandler(), execution.getClass()]);
    const { params } = execution.switchToHttp().getRequest<{ params: Record<string, string | undefined> }>();
    const tenantId = assertId(params[param], 'tenant');
    const { actorUserId } = this.context.current;
    if (actorUserId === undefined) throw new NotAuthenticatedError();
    const membership = await this.memberships.find({ userId: actorUserId, tenantId });
    if (!membership?.isActive) throw new TenantAccessDeniedError(tenantId);
    this.context.assign({ tenantId });
    return true;
  }
}
