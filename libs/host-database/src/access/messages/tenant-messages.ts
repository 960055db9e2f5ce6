import { Injectable } from '@nestjs/common';
import { assertId, Clock } from '../../common/index.js';
import { ContextService, type HostContext } from '../../context/index.js';
import { NoTenantError } from '../../tenant-databases/index.js';
import { NotAuthenticatedError } from '../access.errors.js';
import { Authenticators } from '../authentication/authenticators.js';
import { UserStandings } from '../authentication/user-standing.js';
import { authenticationOf, hintsOf, type RequestLike } from '../guards/access-request.js';
import { TenantResolver } from '../resolution/tenant-resolver.js';
import { TenantAccess } from '../tenant-access.js';
import type { TenantEnvelope } from './tenant-envelope.js';

/** Who is at the other end of a websocket, and in which tenant. */
export interface SocketTenant {
  readonly tenantId: string;
  readonly actorUserId: string;
  /** The library's own session: once it is revoked, no message is let in. */
  readonly sessionId?: string;
  /** The system administrator who acts as the user. */
  readonly impersonatorUserId?: string;
  /** When the credential of the connection ends: from then on no message is let in. */
  readonly expiresAt?: Date;
}

/** How the tenant of a websocket is named, beside what its handshake says. */
export interface SocketAdmission {
  /** What stands for the route parameter, such as a part of the URL: the id or slug of the tenant. */
  readonly tenant?: string;
}

/** Carries the tenant where no request does: into other services, and from one message of a websocket to the next. */
@Injectable()
export class TenantMessages {
  /** By the socket itself: nothing that a client sends can change it. */
  private readonly sockets = new WeakMap<object, SocketTenant>();

  constructor(
    private readonly context: ContextService,
    private readonly access: TenantAccess,
    private readonly authenticators: Authenticators,
    private readonly resolver: TenantResolver,
    private readonly standings: UserStandings,
    private readonly clock: Clock,
  ) {}

  /**
   * Wraps what is sent to another service, so that a handler with `@TenantMessage()` runs in the tenant that is bound here.
   *
   * @throws NoTenantError where none is
   */
  wrap<T>(data: T): TenantEnvelope<T> {
    const { tenantId, actorUserId, impersonatorUserId, requestId } = this.context.current;
    if (tenantId === undefined) throw new NoTenantError();
    return {
      tenantId,
      ...(actorUserId !== undefined && { actorUserId }),
      ...(impersonatorUserId !== undefined && { impersonatorUserId }),
      ...(requestId !== undefined && { requestId }),
      data,
    };
  }

  /**
   * Finds out from a websocket's handshake who has connected and for which tenant its messages are, and binds it to that. Call it in
   * `handleConnection()`, and disconnect the client where it throws.
   *
   * @throws NotAuthenticatedError, CredentialsDisagreeError, TenantRequiredError, TenantNotFoundError, TenantMismatchError
   * @throws TenantAccessDeniedError when the user is no active member, or there is no such tenant
   */
  async admitSocket(client: object, handshake: RequestLike, { tenant }: SocketAdmission = {}): Promise<SocketTenant> {
    // Without its method: a handshake is a GET whatever is sent over the connection then, also where it begins without an upgrade.
    const principal = await this.authenticators.authenticate(authenticationOf({ headers: handshake.headers }));
    if (!principal) throw new NotAuthenticatedError();
    const { userId: actorUserId, sessionId, impersonatorUserId, expiresAt } = principal;
    const actor = { actorUserId, sessionId, impersonatorUserId } as HostContext;
    const tenantId = await this.access.inOwnContext(actor, () =>
      this.resolver.resolve({ ...hintsOf(handshake, ''), path: tenant }, principal),
    );
    const socket = { ...actor, actorUserId, tenantId, ...(expiresAt && { expiresAt }) };
    await this.bindSocket(client, socket);
    return socket;
  }

  /**
   * As {@link admitSocket}, where the application has found out itself who that is, and says so once. Each message asks again whether the
   * user is still a member, and may still sign in.
   *
   * @throws InvalidIdError, NotAuthenticatedError
   * @throws TenantAccessDeniedError when the user is no active member, or there is no such tenant
   */
  async bindSocket(client: object, given: SocketTenant): Promise<void> {
    const { tenantId, actorUserId } = given;
    const socket = { ...given, tenantId: assertId(tenantId, 'tenant'), actorUserId: assertId(actorUserId, 'user') };
    await this.access.inOwnContext(contextOf(socket), async () => {
      await this.assertStanding(socket);
      await this.access.enter(socket.tenantId);
    });
    this.sockets.set(client, socket);
  }

  /** @throws NotAuthenticatedError when nobody has bound this socket */
  socketTenant(client: object): SocketTenant {
    const tenant = this.sockets.get(client);
    if (!tenant) throw new NotAuthenticatedError();
    return tenant;
  }

  /**
   * @throws NotAuthenticatedError when the user may not sign in any more, the session was revoked, or the credential has ended; and when
   *   who acts as the user is no system administrator any more, or the user has become one
   */
  async assertStanding({
    actorUserId: userId,
    sessionId,
    impersonatorUserId,
    expiresAt,
  }: Omit<SocketTenant, 'tenantId'>): Promise<void> {
    const hasEnded = expiresAt !== undefined && expiresAt <= this.clock.now();
    const standing = hasEnded ? undefined : await this.standings.find(userId);
    if (!standing) throw new NotAuthenticatedError();
    if (impersonatorUserId !== undefined) {
      // The session itself ends with the next request that comes with it, and of a websocket none may come.
      const impersonator = await this.standings.find(impersonatorUserId);
      if (!impersonator?.isSysAdmin || standing.isSysAdmin) throw new NotAuthenticatedError();
    }
    if (sessionId === undefined || (await this.standings.isSessionOpen({ userId, sessionId }))) return;
    throw new NotAuthenticatedError();
  }
}

/** What the context of a message says. */
export function contextOf({ tenantId, actorUserId, sessionId, impersonatorUserId }: SocketTenant) {
  return {
    tenantId,
    actorUserId,
    ...(sessionId !== undefined && { sessionId }),
    ...(impersonatorUserId !== undefined && { impersonatorUserId }),
  };
}
