import { HostDatabaseError } from '../../common/index.js';

/** A message between services that says for which tenant it is. Plain JSON. */
export interface TenantEnvelope<T = unknown> {
  readonly tenantId: string;
  /** Who caused it, if anybody did. */
  readonly actorUserId?: string;
  /** The system administrator who acted as them. */
  readonly impersonatorUserId?: string;
  /** The request in which it was sent, so that one name is in all logs. */
  readonly requestId?: string;
  readonly data: T;
}

/** A handler for messages of tenants got one that names none. Nothing was read or written. */
export class NoTenantEnvelopeError extends HostDatabaseError {
  readonly code = 'ACCESS_NO_TENANT_ENVELOPE';

  constructor() {
    super('The message names no tenant. Send it with client.send(pattern, tenantMessages.wrap(data)).');
  }
}

/** @throws NoTenantEnvelopeError */
export function assertEnvelope(message: unknown): TenantEnvelope {
  const { tenantId, actorUserId, impersonatorUserId, requestId, data } = (message ?? {}) as Partial<
    Record<keyof TenantEnvelope, unknown>
  >;
  if (typeof tenantId !== 'string') throw new NoTenantEnvelopeError();
  return {
    tenantId,
    ...(typeof actorUserId === 'string' && { actorUserId }),
    ...(typeof impersonatorUserId === 'string' && { impersonatorUserId }),
    ...(typeof requestId === 'string' && { requestId }),
    data,
  };
}
