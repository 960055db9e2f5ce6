import { Global, Module } from '@nestjs/common';
import { AuditCatalogue, AuditedEntities } from '../audit/index.js';
import { identityEvents } from './identities/identities.audit-events.js';
import { IdentityRecords } from './identities/identity-records.js';
import { UserIdentities } from './identities/user-identities.service.js';
import { auditUsers } from './users.audit.js';
import { UserEvents } from './users.events.js';
import { UsersService } from './users.service.js';

/** Who is this person? */
@Global()
@Module({ providers: [UsersService, UserEvents, IdentityRecords, UserIdentities], exports: [UsersService, UserEvents, UserIdentities] })
export class UsersModule {
  constructor(audited: AuditedEntities, catalogue: AuditCatalogue) {
    auditUsers(audited);
    catalogue.add(identityEvents);
  }
}
