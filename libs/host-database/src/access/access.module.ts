import { Global, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { AuditCatalogue } from '../audit/index.js';
import { accessEvents } from './access.audit-events.js';
import { HostContextMiddleware } from './host-context.middleware.js';
import { TenantMessageInterceptor, TenantMessages } from './messages/index.js';
import { ProviderSignIn, signInEvents, signInProviders } from './sign-in/index.js';
import { ImpersonationModule } from './impersonation/impersonation.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { AccessTokensModule } from './tokens/access-tokens.module.js';
import { TenantAccess } from './tenant-access.js';
import { TenantMembershipGuard } from './tenant-membership.guard.js';
import { TenantRunInterceptor } from './tenant-run.interceptor.js';

/** Who may go where, at the edge: requests, messages of websockets and of other services. */
@Global()
@Module({
  imports: [SessionsModule, ImpersonationModule, AccessTokensModule],
  providers: [
    TenantAccess,
    TenantMembershipGuard,
    TenantRunInterceptor,
    TenantMessages,
    TenantMessageInterceptor,
    ...signInProviders,
  ],
  exports: [ProviderSignIn, TenantAccess, TenantMembershipGuard, TenantRunInterceptor, TenantMessages, TenantMessageInterceptor],
})
export class AccessModule implements NestModule {
  constructor(catalogue: AuditCatalogue) {
    catalogue.add(accessEvents);
    catalogue.add(signInEvents);
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(HostContextMiddleware).forRoutes('{*all}');
  }
}
