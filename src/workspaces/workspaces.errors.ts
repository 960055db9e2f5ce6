import { HostDatabaseError } from 'nestjs-host-database';
import type { MembershipRole } from 'nestjs-host-database/memberships';

/** The actor's role in the workspace does not allow this. Nothing was written. */
export class RoleRequiredError extends HostDatabaseError {
  readonly code = 'WORKSPACES_ROLE_REQUIRED';

  constructor(readonly allowed: readonly MembershipRole[]) {
    super(`This takes the role ${allowed.join(' or ')} in the workspace. Ask one of its owners.`);
  }
}

/** The workspace was suspended, or closed by a system administrator, and its owners cannot decide on its life. Nothing was written. */
export class WorkspaceHeldError extends HostDatabaseError {
  readonly code = 'WORKSPACES_HELD';

  constructor(readonly workspaceId: string) {
    super(`Workspace ${workspaceId} was closed by the administrators of this service. Ask them to open it.`);
  }
}

/** Nobody has signed up with this email, so that they cannot become a member. Nothing was written. */
export class UnknownEmailError extends HostDatabaseError {
  readonly code = 'WORKSPACES_UNKNOWN_EMAIL';

  constructor(readonly email: string) {
    super(`Nobody has signed up as ${email}. Ask them to sign up first.`);
  }
}
