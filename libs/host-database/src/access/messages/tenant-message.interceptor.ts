import { AsyncLocalStorage } from 'node:async_hooks';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { assertId, Clock, genId } from '../../common/index.js';
import type { HostContext } from '../../context/index.js';
import { TenantDatabases } from '../../tenant-databases/index.js';
import { TenantDirectory } from '../../tenants/index.js';
import { TenantAccess } from '../tenant-access.js';
import { answeredAfter } from './answered-after.js';
import { passedWhile } from './passed-while.js';
import { assertEnvelope } from './tenant-envelope.js';
import { TENANT_MESSAGE_METADATA, type TenantMessageOptions } from './tenant-message.options.js';
import { contextOf, type SocketTenant, TenantMessages } from './tenant-messages.js';

/** For how long nobody is asked again whether they may be told more. */
const ADMITTED_FOR_MS = 1_000;

type MessageFacts = HostContext & { readonly tenantId: string };

/** Gives each message of a websocket or another service its context, its unit of work and the database of its tenant. */
@Injectable()
export class TenantMessageInterceptor implements NestInterceptor {
  private readonly entered = new WeakSet<readonly unknown[]>();

  constructor(
    private readonly reflector: Reflector,
    private readonly messages: TenantMessages,
    private readonly access: TenantAccess,
    private readonly tenantDatabases: TenantDatabases,
    private readonly directory: TenantDirectory,
    private readonly clock: Clock,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    // The decorator is on the class and on the method: the message is let in once.
    const message = execution.getArgs<unknown[]>();
    if (this.entered.has(message)) return next.handle();
    this.entered.add(message);
    const isSocket = execution.getType() === 'ws';
    const socket = isSocket ? this.messages.socketTenant(execution.switchToWs().getClient<object>()) : undefined;
    const facts = socket ? { ...contextOf(socket), requestId: genId() } : this.unwrapped(execution);
    const options = this.reflector.getAllAndOverride<TenantMessageOptions>(TENANT_MESSAGE_METADATA, [
      execution.getHandler(),
      execution.getClass(),
    ]);
    const asksMembership = isSocket || options.membership === 'required';
    // Asked for in there: Nest keeps the async context of the call, not that of the subscription.
    return answeredAfter(
      () => (asksMembership ? passedWhile(next.handle(), this.admission(facts, socket)) : next.handle()),
      (work) =>
        this.access.inOwnContext(facts, async () => {
          if (asksMembership) await this.admit(facts.tenantId, socket);
          await this.tenantDatabases.run(facts.tenantId, work);
        }),
    );
  }

  /**
   * Asks again, at most once a second, whether the actor is a member and the tenant can be entered: a handler may answer for as long as a
   * websocket is open. Whoever has sent the value that is passed on may be in another context.
   */
  private admission(facts: MessageFacts, socket: SocketTenant | undefined): () => Promise<void> | undefined {
    const inHere = AsyncLocalStorage.snapshot();
    let askedAt = this.clock.now().getTime();
    return () => {
      const now = this.clock.now().getTime();
      // A clock that was set back does not let anybody stay.
      if (Math.abs(now - askedAt) < ADMITTED_FOR_MS) return undefined;
      askedAt = now;
      return inHere(() =>
        // In a unit of work of its own: that of the message remembers the membership as it was.
        this.access.inOwnContext(facts, async () => {
          await this.admit(facts.tenantId, socket);
          const tenant = await this.directory.getById(facts.tenantId);
          tenant.assertActive();
        }),
      );
    };
  }

  private async admit(tenantId: string, socket: SocketTenant | undefined): Promise<void> {
    if (socket) await this.messages.assertStanding(socket);
    await this.access.enter(tenantId);
  }

  /** The handler gets what was wrapped. */
  private unwrapped(execution: ExecutionContext): MessageFacts {
    const { data, requestId = genId(), ...facts } = assertEnvelope(execution.switchToRpc().getData());
    execution.getArgs<unknown[]>()[0] = data;
    return { ...facts, tenantId: assertId(facts.tenantId, 'tenant'), requestId };
  }
}
