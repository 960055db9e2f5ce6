/** What a member may do in a tenant, the most powerful first. */
export const MEMBERSHIP_ROLES = ['owner', 'admin', 'member'] as const;

export type MembershipRole = (typeof MEMBERSHIP_ROLES)[number];
