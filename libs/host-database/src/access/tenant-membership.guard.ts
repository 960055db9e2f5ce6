import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { assertId } from '../common/index.js';
import { ContextService } from '../context/index.js';
import { TENANT_PARAM_METADATA } from './access.constants.js';
import { AccessAdmission } from './guards/access-admission.js';
import { TenantAccess } from './tenant-access.js';

/** Lets a request pass only if the actor is a member of the tenant that the route names. Refusals are recorded. */
@Injectable()
export class TenantMembershipGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly context: ContextService,
    private readonly access: TenantAccess,
    private readonly admission: AccessAdmission,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    // Who has found out the tenant in the configured way has asked for the membership, too.
    if (this.admission.hasAdmitted(execution)) return true;
    const param = this.reflector.getAllAndOverride<string>(TENANT_PARAM_METADATA, [execution.getHandler(), execution.getClass()]);
    const { params } = execution.switchToHttp().getRequest<{ params: Record<string, string | undefined> }>();
    const tenantId = assertId(params[param], 'tenant');
    await this.access.enter(tenantId);
    this.context.assign({ tenantId });
    return true;
  }
}
