export { NotAuthenticatedError, TenantAccessDeniedError } from './access.errors.js';
export { AccessModule } from './access.module.js';
export {
  NoTenantEnvelopeError,
  type SocketTenant,
  type TenantEnvelope,
  TenantMessage,
  TenantMessageInterceptor,
  type TenantMessageOptions,
  TenantMessages,
} from './messages/index.js';
export { TenantAccess } from './tenant-access.js';
export { TenantMembershipGuard } from './tenant-membership.guard.js';
export { TenantRunInterceptor } from './tenant-run.interceptor.js';
export { TenantScoped } from './tenant-scoped.decorator.js';
