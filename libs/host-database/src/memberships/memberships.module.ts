import { Global, Module } from '@nestjs/common';
import { AuditCatalogue, AuditedEntities } from '../audit/index.js';
import { TenantDeletionParts } from '../tenants/index.js';
import {
  InvitationAnswers,
  invitationAuditEvents,
  InvitationAuthority,
  InvitationMail,
  InvitationRefusals,
  InvitationsDeletion,
  InvitationsErasure,
  InvitationSending,
  InvitationsService,
} from './invitations/index.js';
import { MembershipLocks } from './membership-locks.js';
import { auditMemberships } from './memberships.audit.js';
import { MembershipsDeletion } from './memberships.deletion.js';
import { MembershipEvents } from './memberships.events.js';
import { MembershipsService } from './memberships.service.js';
import { PermissionCatalogue } from './roles/permission-catalogue.js';
import { RolesDeletion } from './roles/roles.deletion.js';
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
    RolesDeletion,
    InvitationsService,
    InvitationSending,
    InvitationAnswers,
    InvitationAuthority,
    InvitationMail,
    InvitationRefusals,
    InvitationsDeletion,
    InvitationsErasure,
  ],
  exports: [MembershipsService, MembershipEvents, PermissionCatalogue, RolesService, InvitationsService],
})
export class MembershipsModule {
  constructor(
    audited: AuditedEntities,
    catalogue: AuditCatalogue,
    deletions: TenantDeletionParts,
    memberships: MembershipsDeletion,
    invitations: InvitationsDeletion,
    roles: RolesDeletion,
  ) {
    auditMemberships(audited);
    catalogue.add(invitationAuditEvents);
    // Memberships and invitations refer to roles.
    for (const part of [memberships, invitations, roles]) deletions.add(part);
  }
}
