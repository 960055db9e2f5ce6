import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { TenantMessageInterceptor } from './tenant-message.interceptor.js';
import { TENANT_MESSAGE_METADATA, type TenantMessageOptions } from './tenant-message.options.js';

/**
 * Makes a websocket gateway, a microservice controller or one of their handlers act in one tenant: each message has a context and a unit of
 * work of its own on the host database, and runs in the tenant's database, flushed before its last answer is sent, discarded when it throws.
 *
 * The tenant of a websocket is the one that `TenantMessages.bindSocket()` was told when it connected. The message of another service comes in
 * the envelope that `TenantMessages.wrap()` has made there, and the handler gets what is in it. **Whoever can send to the service's
 * transport chooses the tenant**: keep it to services that may.
 *
 * Where membership is asked for, it is asked for again, and whether the tenant is active, before an answer is passed on more than a second
 * after the last time: a handler that goes on to answer, and what it was about to write, ends with the error.
 *
 * A message is refused with `NotAuthenticatedError`, `NoTenantEnvelopeError`, `TenantAccessDeniedError`, `InvalidIdError` or
 * `TenantNotActiveError`.
 */
export function TenantMessage(options: TenantMessageOptions = {}): ClassDecorator & MethodDecorator {
  return applyDecorators(SetMetadata(TENANT_MESSAGE_METADATA, options), UseInterceptors(TenantMessageInterceptor));
}
