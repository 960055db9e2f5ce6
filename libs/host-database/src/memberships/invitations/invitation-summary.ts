import type { MembershipRole } from '../membership-role.js';
import type { Invitation } from './invitation.entity.js';

/** How it stands with an invitation. One that has expired can be sent again; the last three are final. */
export const INVITATION_STATUSES = ['open', 'expired', 'accepted', 'declined', 'revoked'] as const;

export type InvitationStatus = (typeof INVITATION_STATUSES)[number];

/** An invitation as its tenant sees it: without anything by which it could be accepted. */
export interface InvitationSummary {
  readonly id: string;
  readonly tenantId: string;
  /** Whom it was sent to, in lower case. */
  readonly email: string;
  readonly role: MembershipRole;
  readonly customRoleId: string | null;
  readonly status: InvitationStatus;
  /** The user whose authority it carries: who sent it last. */
  readonly invitedBy: string;
  readonly sendCount: number;
  readonly sentAt: Date;
  readonly expiresAt: Date;
  readonly createdAt: Date;
  /** The user who has accepted. */
  readonly acceptedBy: string | null;
  /** When it was accepted, declined or revoked. */
  readonly endedAt: Date | null;
}

/** Some of a tenant's invitations, the newest first. */
export interface InvitationPage {
  readonly items: readonly InvitationSummary[];
  /** What the next page begins after; undefined when there is none. */
  readonly next: string | undefined;
}

/** What the page behind the link shows, before anybody has signed in. */
export interface InvitationPreview {
  readonly tenantName: string;
  readonly role: MembershipRole;
  /** None where the inviter has gone. */
  readonly inviterEmail: string | null;
  readonly expiresAt: Date;
}

export function statusOfInvitation(invitation: Invitation, now: Date): InvitationStatus {
  if (invitation.acceptedAt != null) return 'accepted';
  if (invitation.declinedAt != null) return 'declined';
  if (invitation.revokedAt != null) return 'revoked';
  return invitation.expiresAt <= now ? 'expired' : 'open';
}

export function summarizeInvitation(invitation: Invitation, now: Date): InvitationSummary {
  const { id, tenant, email, invitedBy, sendCount, sentAt, expiresAt, createdAt } = invitation;
  return {
    id,
    tenantId: tenant.id,
    email,
    ...grantOf(invitation),
    status: statusOfInvitation(invitation, now),
    invitedBy,
    sendCount: sendCount ?? 1,
    sentAt,
    expiresAt,
    createdAt,
    acceptedBy: invitation.acceptedBy ?? null,
    endedAt: invitation.acceptedAt ?? invitation.declinedAt ?? invitation.revokedAt ?? null,
  };
}

/** What an invitation gives. */
export function grantOf({ role, customRole }: Invitation): {
  readonly role: MembershipRole;
  readonly customRoleId: string | null;
} {
  return { role, customRoleId: customRole?.id ?? null };
}
