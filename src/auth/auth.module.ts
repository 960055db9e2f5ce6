import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccountController } from './account.controller.js';
import { AccountService } from './account.service.js';
import { ActorService } from './actor.service.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { CredentialsController } from './credentials.controller.js';
import { IdentitiesController } from './identities.controller.js';
import { ImpersonationsController } from './impersonations.controller.js';
import { ProviderSignInController } from './provider-sign-in.controller.js';
import { SessionOpener } from './session-opener.js';
import { SessionsController } from './sessions.controller.js';
import { SystemUsersController } from './system-users.controller.js';
import { ImpersonationGuard } from './while-impersonating.js';

/** How do people come in? That they have to is asked by the guard of `AccessGuardModule`, which is imported before. */
@Module({
  controllers: [
    AuthController,
    SessionsController,
    CredentialsController,
    AccountController,
    IdentitiesController,
    // Its `:provider/callback` takes what the ones before leave.
    ProviderSignInController,
    ImpersonationsController,
    SystemUsersController,
  ],
  providers: [AuthService, AccountService, SessionOpener, ActorService, { provide: APP_GUARD, useClass: ImpersonationGuard }],
  exports: [ActorService],
})
export class AuthModule {}
