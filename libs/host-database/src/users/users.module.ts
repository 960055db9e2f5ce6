import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { MailDelivery } from './mail/mail-delivery.js';
import { auditUsers } from './users.audit.js';
import { UserEvents } from './users.events.js';
import { UsersService } from './users.service.js';

/** Who is this person? */
@Global()
@Module({ providers: [UsersService, UserEvents, MailDelivery], exports: [UsersService, UserEvents, MailDelivery] })
export class UsersModule {
  constructor(audited: AuditedEntities) {
    auditUsers(audited);
  }
}
