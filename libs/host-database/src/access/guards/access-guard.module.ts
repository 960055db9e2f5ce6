import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';

/** Has `AccessGuard` guard every route of the application: whoever is not signed in gets nothing that is not `@Public()`. */
@Module({ providers: [{ provide: APP_GUARD, useExisting: AccessGuard }] })
export class AccessGuardModule {}
