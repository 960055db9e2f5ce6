import { HostDatabaseError } from 'nestjs-host-database';

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
