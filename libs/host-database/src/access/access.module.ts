import { Global, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AuditCatalogue } from '../audit/index.js';
import { accessEvents } from './access.audit-events.js';
import { Authenticators } from './authentication/authenticators.js';
import { UserStandings } from './authentication/user-standing.js';
import { AccessChanges, accessChangesProvider } from './changes/index.js';
import { AccessAdmission } from './guards/access-admission.js';
import { AccessDeclarations } from './guards/access-declarations.js';
import { AccessDeclarationsExplorer } from './guards/access-declarations.explorer.js';
import { AccessGuard } from './guards/access.guard.js';
import { AccessRequirements } from './guards/access-requirements.js';
import { MessageAccess } from './guards/message-access.js';
import { HostContextMiddleware } from './host-context.middleware.js';
import { TenantMessageInterceptor, TenantMessages } from './messages/index.js';
import { ProviderSignIn, signInEvents, signInProviders } from './sign-in/index.js';
import { MembershipGrants } from './resolution/membership-grants.js';
import { TenantResolver } from './resolution/tenant-resolver.js';
import { ImpersonationModule } from './impersonation/impersonation.module.js';
import { CredentialCache } from './sessions/credential-cache.js';
import { SessionAuthenticator } from './sessions/session.authenticator.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { AccessTokenAuthenticator } from './tokens/access-token.authenticator.js';
import { AccessTokensModule } from './tokens/access-tokens.module.js';
import { TenantAccess } from './tenant-access.js';
import { TenantMembershipGuard } from './tenant-membership.guard.js';
import { TenantRunInterceptor } from './tenant-run.interceptor.js';

const services = [
  AccessAdmission,
  AccessGuard,
  Authenticators,
  TenantAccess,
  TenantResolver,
  TenantMembershipGuard,
  TenantRunInterceptor,
  TenantMessages,
  TenantMessageInterceptor,
];

/** Who may go where, at the edge: requests, messages of websockets and of other services. */
@Global()
@Module({
  imports: [DiscoveryModule, SessionsModule, ImpersonationModule, AccessTokensModule],
  providers: [
    accessChangesProvider,
    ...services,
    ...signInProviders,
    UserStandings,
    MembershipGrants,
    AccessDeclarations,
    AccessDeclarationsExplorer,
    AccessRequirements,
    MessageAccess,
  ],
  exports: [AccessChanges, ProviderSignIn, ...services],
})
export class AccessModule implements NestModule {
  constructor(
    catalogue: AuditCatalogue,
    authenticators: Authenticators,
    sessions: SessionAuthenticator,
    tokens: AccessTokenAuthenticator,
    credentials: CredentialCache,
    changes: AccessChanges,
  ) {
    catalogue.add(accessEvents);
    catalogue.add(signInEvents);
    authenticators.add(sessions);
    authenticators.add(tokens);
    credentials.rememberWhile(() => {
      changes.start();
      return changes.isCurrent();
    });
    changes.follow({
      forgetUser: (userId) => credentials.forget(userId),
      // A credential is a person's, whichever tenant it is for.
      forgetTenant: () => undefined,
      forgetAll: () => credentials.forgetAll(),
    });
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(HostContextMiddleware).forRoutes('{*all}');
  }
}
