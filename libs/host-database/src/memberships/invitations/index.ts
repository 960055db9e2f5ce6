export { InvitationAnswers } from './invitation-answers.js';
export { InvitationAuthority } from './invitation-authority.js';
export { InvitationEnds } from './invitation-ends.js';
export { InvitationMail } from './invitation-mail.js';
export { InvitationRefusals } from './invitation-refusals.js';
export { InvitationSending } from './invitation-sending.js';
export {
  INVITATION_STATUSES,
  type InvitationPage,
  type InvitationPreview,
  type InvitationStatus,
  type InvitationSummary,
} from './invitation-summary.js';
export { Invitation } from './invitation.entity.js';
export { invitationAuditEvents } from './invitations.audit-events.js';
export { InvitationsDeletion } from './invitations.deletion.js';
export { InvitationsErasure } from './invitations.erasure.js';
export {
  InvitationActorMissingError,
  InvitationEmailNotVerifiedError,
  InvitationEndedError,
  InvitationImpersonatedError,
  InvitationInvalidError,
  InvitationNotFoundError,
  InvitationSentTooSoonError,
  InviterAuthorityLostError,
  TooManyInvitationsError,
} from './invitations.errors.js';
export type { InvitationsOptions } from './invitations.options.js';
export { InvitationsService, type ListInvitationsOptions, type NewInvitation } from './invitations.service.js';
