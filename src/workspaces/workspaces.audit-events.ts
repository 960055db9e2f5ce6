import { defineAuditEvents, detailsOf, type InferAuditEvents } from 'nestjs-host-database/audit';
import type { MembershipRole } from 'nestjs-host-database/memberships';
import type { TenantStatus } from 'nestjs-host-database/tenants';

/** What the log says of workspaces, beside what the library records by itself. */
export const workspaceEvents = defineAuditEvents({
  'workspaces.member-added': { details: detailsOf<{ userId: string; role: MembershipRole }>(), targetType: 'tenant' },
  'workspaces.control-refused': { details: detailsOf<{ status: TenantStatus }>(), targetType: 'tenant' },
  'workspaces.role-refused': {
    details: detailsOf<{ heldRole: MembershipRole; allowedRoles: MembershipRole[] }>(),
    targetType: 'tenant',
  },
});

declare module 'nestjs-host-database/audit' {
  interface AuditEventTypes extends InferAuditEvents<typeof workspaceEvents> {}
}
