import { Global, Module } from '@nestjs/common';
import { AuditCatalogue } from '../../audit/index.js';
import { impersonationAuditEvents } from './impersonation.audit-events.js';
import { ImpersonationRules } from './impersonation.rules.js';
import { ImpersonationService } from './impersonation.service.js';
import { InPerson } from './in-person.js';

/** Who acts as somebody else? */
@Global()
@Module({ providers: [ImpersonationRules, ImpersonationService, InPerson], exports: [ImpersonationService, InPerson] })
export class ImpersonationModule {
  constructor(catalogue: AuditCatalogue) {
    catalogue.add(impersonationAuditEvents);
  }
}
