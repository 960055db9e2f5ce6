import { Global, Module } from '@nestjs/common';
import { AuditCatalogue, AuditedEntities } from '../audit/index.js';
import { TenantDeletionParts } from '../tenants/index.js';
import { ActingMembers } from './acting/acting-members.js';
import { TenantMembers } from './acting/tenant-members.js';
import { TenantRoles } from './acting/tenant-roles.js';
import {
  InvitationAnswers,
  invitationAuditEvents,
  InvitationAuthority,
  InvitationEnds,
  InvitationMail,
  InvitationRefusals,
  InvitationsDeletion,
  InvitationsErasure,
  InvitationSending,
  InvitationsService,
} from './invitations/index.js';
import { MembershipAttributesSchema } from './membership-attributes.schema.js';
import { MembershipLocks } from './membership-locks.js';
import { auditMemberships } from './memberships.audit.js';
import { membershipAuditEvents } from './memberships.audit-events.js';
import { MembershipsDeletion } from './memberships.deletion.js';
import { MembershipEvents } from './memberships.events.js';
import { MembershipsService } from './memberships.service.js';
import { DepartingUsers } from './owners/departing-users.js';
import { OwnerRule } from './owners/owner-rule.js';
import { PermissionCatalogue } from './roles/permission-catalogue.js';
import { RoleReferences } from './roles/role-references.js';
import { RolesDeletion } from './roles/roles.deletion.js';
import { RolesService } from './roles/roles.service.js';
import { Seats } from './seats/seats.js';

/** What can they access? */
@Global()
@Module({
  providers: [
    ActingMembers,
    DepartingUsers,
    MembershipAttributesSchema,
    MembershipEvents,
    MembershipLocks,
    MembershipsDeletion,
    MembershipsService,
    OwnerRule,
    PermissionCatalogue,
    RoleReferences,
    RolesDeletion,
    RolesService,
    Seats,
    TenantMembers,
    TenantRoles,
    InvitationsService,
    InvitationSending,
    InvitationAnswers,
    InvitationAuthority,
    InvitationEnds,
    InvitationMail,
    InvitationRefusals,
    InvitationsDeletion,
    InvitationsErasure,
  ],
  exports: [
    MembershipsService,
    MembershipEvents,
    MembershipLocks,
    PermissionCatalogue,
    RolesService,
    TenantMembers,
    TenantRoles,
    InvitationsService,
  ],
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
    catalogue.add(membershipAuditEvents);
    catalogue.add(invitationAuditEvents);
    // The roles behind all that refers to them.
    for (const part of [memberships, invitations, roles]) deletions.add(part);
  }
}
