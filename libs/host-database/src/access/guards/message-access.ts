import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { assertId } from '../../common/index.js';
import { NotAuthenticatedError } from '../access.errors.js';
import { assertEnvelope } from '../messages/tenant-envelope.js';
import { TENANT_MESSAGE_METADATA } from '../messages/tenant-message.options.js';
import { contextOf, type SocketTenant, TenantMessages } from '../messages/tenant-messages.js';
import { TenantAccess } from '../tenant-access.js';
import { asksForSomething } from './access-declarations.js';
import { AccessRequirements, type DeclaredRoute } from './access-requirements.js';

/**
 * Lets messages in, in a context of their own: the one in which the handler runs is made by `@TenantMessage()`. A websocket's is held to whom
 * its connection was bound to; another service's to whom its envelope names.
 */
@Injectable()
export class MessageAccess {
  constructor(
    private readonly reflector: Reflector,
    private readonly messages: TenantMessages,
    private readonly access: TenantAccess,
    private readonly requirements: AccessRequirements,
  ) {}

  /** @throws NotAuthenticatedError, NoTenantEnvelopeError, and what is thrown where a requirement does not hold */
  async admit(execution: ExecutionContext, declared: DeclaredRoute): Promise<void> {
    if (execution.getType() === 'ws') {
      const socket = this.messages.socketTenant(execution.switchToWs().getClient<object>());
      return this.assert(socket, declared, () => this.messages.assertStanding(socket));
    }
    const targets = [execution.getHandler(), execution.getClass()];
    const isTenantMessage = this.reflector.getAllAndOverride<unknown>(TENANT_MESSAGE_METADATA, targets) !== undefined;
    // The service that has sent it has asked, unless the handler says more.
    if (isTenantMessage && !asksForSomething(declared.declaration)) return undefined;
    if (!isTenantMessage) throw new NotAuthenticatedError();
    const { tenantId, actorUserId, ...others } = assertEnvelope(execution.switchToRpc().getData());
    if (actorUserId === undefined) throw new NotAuthenticatedError();
    const facts = { ...others, tenantId: assertId(tenantId, 'tenant'), actorUserId: assertId(actorUserId, 'user') };
    return this.assert(facts, declared, async () => undefined);
  }

  private async assert(facts: SocketTenant, declared: DeclaredRoute, first: () => Promise<void>): Promise<void> {
    await this.access.inOwnContext(contextOf(facts), async () => {
      await first();
      await this.requirements.assertUser(declared);
      await this.requirements.assertMember(facts.tenantId, declared);
    });
  }
}
