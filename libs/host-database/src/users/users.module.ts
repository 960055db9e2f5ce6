import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { auditUsers } from './users.audit.js';
import { UserLifecycle } from './user-lifecycle.js';
import { UserEvents } from './users.events.js';
import { UsersService } from './users.service.js';

/** Who is this person? */
@Global()
@Module({ providers: [UsersService, UserLifecycle, UserEvents], exports: [UsersService, UserEvents] })
export class UsersModule {
  constructor(audited: AuditedEntities) {
    auditUsers(audited);
  }
}
