import { Global, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { HostContextMiddleware } from './host-context.middleware.js';
import { TenantMembershipGuard } from './tenant-membership.guard.js';
import { TenantRunInterceptor } from './tenant-run.interceptor.js';

/** Who may go where, at the HTTP edge. */
@Global()
@Module({ providers: [TenantMembershipGuard, TenantRunInterceptor], exports: [TenantMembershipGuard, TenantRunInterceptor] })
export class AccessModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(HostContextMiddleware).forRoutes('{*all}');
  }
}
