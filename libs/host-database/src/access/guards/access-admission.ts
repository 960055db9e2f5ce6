import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ContextService } from '../../context/index.js';
import { NotAuthenticatedError } from '../access.errors.js';
import type { Principal } from '../authentication/authenticator.js';
import { Authenticators } from '../authentication/authenticators.js';
import { TenantResolver } from '../resolution/tenant-resolver.js';
import { AccessDeclarations, isOfTenant } from './access-declarations.js';
import type { CookieResponse } from '../sessions/cookie-response.js';
import { CsrfProtection } from '../sessions/csrf-protection.js';
import { authenticationOf, hintsOf, type RequestLike, requestOf, responseOf } from './access-request.js';
import { AccessRequirements, type DeclaredRoute } from './access-requirements.js';
import { MessageAccess } from './message-access.js';

/** Which parameter of a route names the tenant where none is declared. */
const DEFAULT_PARAM = 'tenantId';

/** Finds out who is asking, for which tenant, and whether they may. There is one: guards are made anew for each module that names them. */
@Injectable()
export class AccessAdmission {
  private readonly admitted = new WeakSet<ExecutionContext>();
  private readonly principals = new WeakMap<RequestLike, Promise<Principal | undefined>>();

  constructor(
    private readonly declarations: AccessDeclarations,
    private readonly authenticators: Authenticators,
    private readonly resolver: TenantResolver,
    private readonly requirements: AccessRequirements,
    private readonly messages: MessageAccess,
    private readonly context: ContextService,
    private readonly csrf: CsrfProtection,
  ) {}

  /**
   * Lets a call in, and says in its context who calls and for which tenant.
   *
   * @throws NotAuthenticatedError, CredentialsDisagreeError, CsrfRefusedError, SystemAdminRequiredError
   * @throws TenantRequiredError, TenantNotFoundError, TenantMismatchError, TenantAccessDeniedError, TenantNotActiveError, InvalidIdError
   * @throws RoleRequiredError, PermissionRequiredError, PaymentRequiredError
   */
  async admit(execution: ExecutionContext): Promise<void> {
    // The guard may be global, on the class and on the method.
    if (this.admitted.has(execution)) return;
    const [handler, controller] = [execution.getHandler(), execution.getClass()];
    const declared = { declaration: this.declarations.of(handler, controller), route: `${controller.name}.${handler.name}` };
    if (declared.declaration.ownPagesOnly) await this.assertOwnPages(execution);
    if (declared.declaration.level !== 'public') {
      const type = execution.getType<string>();
      if (type === 'ws' || type === 'rpc') await this.messages.admit(execution, declared);
      else await this.admitRequest(execution, declared);
    }
    this.admitted.add(execution);
  }

  /** Whether this call has been let in here already. */
  hasAdmitted(execution: ExecutionContext): boolean {
    return this.admitted.has(execution);
  }

  private async assertOwnPages(execution: ExecutionContext): Promise<void> {
    const request = requestOf(execution);
    if (request) await this.csrf.assertOwnPages(authenticationOf(request));
  }

  private async admitRequest(execution: ExecutionContext, declared: DeclaredRoute): Promise<void> {
    const request = requestOf(execution);
    if (!request) throw new NotAuthenticatedError();
    const principal = await this.authenticate(request, responseOf(execution));
    await this.requirements.assertUser(declared);
    if (!isOfTenant(declared.declaration)) {
      // A credential for one tenant is for no other, whatever the route does: services hold the actor to the tenant of the context.
      if (principal.tenantId !== undefined) this.context.assign({ tenantId: principal.tenantId });
      return;
    }
    const hints = hintsOf(request, declared.declaration.tenantParam ?? DEFAULT_PARAM);
    const tenantId = await this.resolver.resolve(hints, principal);
    await this.requirements.assertMember(tenantId, declared);
    this.context.assign({ tenantId });
  }

  private async authenticate(request: RequestLike, response: CookieResponse | undefined): Promise<Principal> {
    // A GraphQL request may ask for several things at once.
    const asking = this.principals.get(request) ?? this.authenticators.authenticate(authenticationOf(request, response));
    this.principals.set(request, asking);
    const principal = await asking;
    if (principal) {
      const { userId, sessionId, impersonatorUserId } = principal;
      this.context.assign({ actorUserId: userId, sessionId, impersonatorUserId });
      return principal;
    }
    // A guard of the application's own may have found out.
    const { actorUserId } = this.context.current;
    if (actorUserId === undefined) throw new NotAuthenticatedError();
    return { userId: actorUserId };
  }
}
