/** How people are invited. */
export interface InvitationsOptions {
  /** For how many days an invitation can be accepted. @default 7 */
  readonly expireAfterDays: number;
}

export const defaultInvitationsOptions: InvitationsOptions = { expireAfterDays: 7 };
