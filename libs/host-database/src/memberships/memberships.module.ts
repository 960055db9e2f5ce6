import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { TenantDeletionParts } from '../tenants/index.js';
import { MembershipLocks } from './membership-locks.js';
import { auditMemberships } from './memberships.audit.js';
import { MembershipsDeletion } from './memberships.deletion.js';
import { MembershipEvents } from './memberships.events.js';
import { MembershipsService } from './memberships.service.js';
import { PermissionCatalogue } from './roles/permission-catalogue.js';
import { RoleReferences } from './roles/role-references.js';
import { RolesService } from './roles/roles.service.js';

/** What can they access? */
@Global()
@Module({
  providers: [
    MembershipsService,
    MembershipsDeletion,
    MembershipEvents,
    MembershipLocks,
    PermissionCatalogue,
    RoleReferences,
    RolesService,
  ],
  exports: [MembershipsService, MembershipEvents, PermissionCatalogue, RolesService],
})
export class MembershipsModule {
  constructor(audited: AuditedEntities, deletions: TenantDeletionParts, memberships: MembershipsDeletion) {
    auditMemberships(audited);
    deletions.add(memberships);
  }
}
