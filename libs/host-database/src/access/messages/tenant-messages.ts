import { Injectable } from '@nestjs/common';
import { assertId } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import { NoTenantError } from '../../tenant-databases/index.js';
import { NotAuthenticatedError } from '../access.errors.js';
import { TenantAccess } from '../tenant-access.js';
import type { TenantEnvelope } from './tenant-envelope.js';

/** Who is at the other end of a websocket, and in which tenant. */
export interface SocketTenant {
  readonly tenantId: string;
  readonly actorUserId: string;
}

/** Carries the tenant where no request does: into other services, and from one message of a websocket to the next. */
@Injectable()
export class TenantMessages {
  /** By the socket itself: nothing that a client sends can change it. */
  private readonly sockets = new WeakMap<object, SocketTenant>();

  constructor(
    private readonly context: ContextService,
    private readonly access: TenantAccess,
  ) {}

  /**
   * Wraps what is sent to another service, so that a handler with `@TenantMessage()` runs in the tenant that is bound here.
   *
   * @throws NoTenantError where none is
   */
  wrap<T>(data: T): TenantEnvelope<T> {
    const { tenantId, actorUserId, requestId } = this.context.current;
    if (tenantId === undefined) throw new NoTenantError();
    return { tenantId, ...(actorUserId !== undefined && { actorUserId }), ...(requestId !== undefined && { requestId }), data };
  }

  /**
   * Says once, when a client connects and has shown who it is, for which tenant its messages are. Call it in `handleConnection()`, and
   * disconnect the client where it throws. Each message asks again whether the user is still a member.
   *
   * @throws InvalidIdError
   * @throws TenantAccessDeniedError when the user is no active member, or there is no such tenant
   */
  async bindSocket(client: object, { tenantId, actorUserId }: SocketTenant): Promise<void> {
    const tenant = { tenantId: assertId(tenantId, 'tenant'), actorUserId: assertId(actorUserId, 'user') };
    await this.access.inOwnContext(tenant, () => this.access.requireMembership(tenant.tenantId));
    this.sockets.set(client, tenant);
  }

  /** @throws NotAuthenticatedError when nobody has bound this socket */
  socketTenant(client: object): SocketTenant {
    const tenant = this.sockets.get(client);
    if (!tenant) throw new NotAuthenticatedError();
    return tenant;
  }
}
