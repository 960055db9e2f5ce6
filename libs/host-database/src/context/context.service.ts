import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { NoContextError } from './context.errors.js';

/** Who is asking. Every fact is optional: a job of the system has no actor, a sign-up no tenant. */
export interface HostContext {
  /** The id of the user who acts. */
  readonly actorUserId?: string;
  /** The id of the tenant in which they act. */
  readonly tenantId?: string;
  /** The id of the request, as in the `x-request-id` header. */
  readonly requestId?: string;
  /** The address of the client. */
  readonly ipAddress?: string;
  /** What the client says it is: the `user-agent` header. */
  readonly userAgent?: string;
  /** The id of the system administrator who acts as `actorUserId`. */
  readonly impersonatorUserId?: string;
  /** The id of the library's own session in which they are signed in, where there is one. */
  readonly sessionId?: string;
}

const NOBODY: HostContext = Object.freeze({});

/**
 * Carries who is asking through everything that a request, job or script awaits, without passing it from hand to hand.
 * The audit log reads actor and address from here.
 */
@Injectable()
export class ContextService {
  private readonly storage = new AsyncLocalStorage<{ context: HostContext }>();

  private boundTenant: (() => string | undefined) | undefined;

  /** Who is asking now; an object without facts outside {@link run}. Inside a tenant's run, that tenant, whatever was said before. */
  get current(): HostContext {
    const context = this.storage.getStore()?.context ?? NOBODY;
    const tenantId = this.boundTenant?.();
    return tenantId === undefined || tenantId === context.tenantId ? context : { ...context, tenantId };
  }

  /** Lets the room that binds tenants say which one is bound here. */
  setTenantSource(source: () => string | undefined): void {
    this.boundTenant = source;
  }

  /** Runs `work` with exactly these facts, whatever the context outside. */
  run<T>(context: HostContext, work: () => T): T {
    return this.storage.run({ context }, work);
  }

  /** Runs `work` with these facts added to those of the context outside. */
  extend<T>(facts: HostContext, work: () => T): T {
    return this.run({ ...this.current, ...facts }, work);
  }

  /**
   * Adds facts to the context of the current request, for what is known only after it began: an authentication guard sets the
   * actor here.
   *
   * @throws NoContextError outside {@link run}
   */
  assign(facts: HostContext): void {
    const store = this.storage.getStore();
    if (!store) throw new NoContextError();
    store.context = { ...store.context, ...facts };
  }
}
