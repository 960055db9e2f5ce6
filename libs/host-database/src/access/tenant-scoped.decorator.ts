import { applyDecorators, SetMetadata, UseGuards, UseInterceptors } from '@nestjs/common';
import { TENANT_PARAM_METADATA } from './access.constants.js';
import { TenantMembershipGuard } from './tenant-membership.guard.js';
import { TenantRunInterceptor } from './tenant-run.interceptor.js';

/**
 * Makes a controller or route act in one tenant: the route parameter names it, the actor has to be a member, and the handler runs in
 * the tenant's own database, flushed when it resolves and discarded when it throws.
 *
 * The handler answers once: of a stream (`@Sse()`) only the last event would be sent.
 *
 * The guard that authenticates has to run before: make it global, or write its `@UseGuards()` beneath this decorator. It sets the actor
 * with `ContextService.assign({ actorUserId })`.
 *
 * A request is refused with `NotAuthenticatedError`, `TenantAccessDeniedError`, `InvalidIdError` or `TenantNotActiveError`.
 */
export function TenantScoped({ param = 'tenantId' }: { readonly param?: string } = {}): ClassDecorator & MethodDecorator {
  return applyDecorators(
    SetMetadata(TENANT_PARAM_METADATA, param),
    UseGuards(TenantMembershipGuard),
    UseInterceptors(TenantRunInterceptor),
  );
}
