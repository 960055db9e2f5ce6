import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { auditMemberships } from './memberships.audit.js';
import { TenantDeletionParts } from '../tenants/index.js';
import { MembershipsDeletion } from './memberships.deletion.js';
import { MembershipsService } from './memberships.service.js';

/** What can they access? */
@Global()
@Module({ providers: [MembershipsService, MembershipsDeletion], exports: [MembershipsService] })
export class MembershipsModule {
  constructor(audited: AuditedEntities, deletions: TenantDeletionParts, memberships: MembershipsDeletion) {
    auditMemberships(audited);
    deletions.add(memberships);
  }
}
