import { defineAuditEvents, detailsOf, type InferAuditEvents } from 'nestjs-host-database/audit';
import type { MembershipRole } from 'nestjs-host-database/memberships';
import type { TenantStatus } from 'nestjs-host-database/tenants';

/** What the log says of workspaces, beside what the library records by itself. */
export const workspaceEvents = defineAuditEvents({
  'workspaces.member-added': { details: detailsOf<{ userId: string; role: MembershipRole }>(), targetType: 'tenant' },
  // Because of the role, or of how the workspace was closed.
  'workspaces.control-refused': {
    details: detailsOf<{ heldRole: MembershipRole } | { status: TenantStatus }>(),
    targetType: 'tenant',
  },
});

declare module 'nestjs-host-database/audit' {
  interface AuditEventTypes extends InferAuditEvents<typeof workspaceEvents> {}
}
