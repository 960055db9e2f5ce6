import { HostDatabaseError } from '../../common/index.js';

/** Why somebody may not act as somebody else. */
export type ImpersonationProblem =
  | 'not-an-administrator'
  | 'impersonating'
  | 'oneself'
  | 'target-is-administrator'
  | 'target-deactivated'
  | 'target-not-a-member';

const PROBLEMS: Readonly<Record<ImpersonationProblem, string>> = {
  'not-an-administrator': 'Only a system administrator may act as somebody else. Ask one.',
  impersonating: 'Who acts as somebody else cannot act as a third person. End the impersonation first.',
  oneself: 'Nobody needs to act as themselves. Choose another person.',
  'target-is-administrator': 'Nobody may act as a system administrator. Choose another person.',
  'target-deactivated': 'The account is deactivated, and nobody may sign in to it. Reactivate it first.',
  'target-not-a-member': 'The person is not a member of this tenant. Choose a tenant that they are in.',
};

/** Somebody wanted to act as somebody else and may not. Nothing was written but the record of it. */
export class ImpersonationRefusedError extends HostDatabaseError {
  readonly code = 'ACCESS_IMPERSONATION_REFUSED';

  constructor(readonly problem: ImpersonationProblem) {
    super(PROBLEMS[problem]);
  }
}

/** There is no impersonation of this id that is open, or none that the actor may end. */
export class ImpersonationNotFoundError extends HostDatabaseError {
  readonly code = 'ACCESS_IMPERSONATION_NOT_FOUND';

  constructor(readonly impersonationId: string) {
    super(`There is no open impersonation ${impersonationId} of yours. It may have ended by itself.`);
  }
}

/** What only the person themselves may do was tried by who acts as them. */
export class NotWhileImpersonatingError extends HostDatabaseError {
  readonly code = 'ACCESS_NOT_WHILE_IMPERSONATING';

  constructor() {
    super('Only the person themselves may do this. End the impersonation, and ask them to.');
  }
}
