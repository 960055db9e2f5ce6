export { NoTenantEnvelopeError, type TenantEnvelope } from './tenant-envelope.js';
export { TenantMessage } from './tenant-message.decorator.js';
export { TenantMessageInterceptor } from './tenant-message.interceptor.js';
export type { TenantMessageOptions } from './tenant-message.options.js';
export { type SocketAdmission, type SocketTenant, TenantMessages } from './tenant-messages.js';
