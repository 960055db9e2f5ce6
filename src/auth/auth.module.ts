import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ActorService } from './actor.service.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { PasswordsService } from './passwords.service.js';
import { SESSION_SECRET, sessionSecretFrom } from './session-secret.js';
import { SessionGuard } from './session.guard.js';
import { SessionsService } from './sessions.service.js';
import { SystemAdminGuard } from './system-admin.guard.js';

/** Who is asking? Every route of the application is behind its guard. */
@Module({
  controllers: [AuthController],
  providers: [
    AuthService,
    PasswordsService,
    SessionsService,
    ActorService,
    SystemAdminGuard,
    { provide: SESSION_SECRET, useFactory: () => sessionSecretFrom(process.env) },
    { provide: APP_GUARD, useClass: SessionGuard },
  ],
  exports: [ActorService, SystemAdminGuard],
})
export class AuthModule {}
