import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { auditMemberships } from './memberships.audit.js';
import { MembershipsService } from './memberships.service.js';

/** What can they access? */
@Global()
@Module({ providers: [MembershipsService], exports: [MembershipsService] })
export class MembershipsModule {
  constructor(audited: AuditedEntities) {
    auditMemberships(audited);
  }
}
