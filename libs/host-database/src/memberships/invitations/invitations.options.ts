import { assertWholeOption, withDefaults } from '../../common/index.js';

/** How people are invited. */
export interface InvitationsOptions {
  /** For how many days an invitation can be accepted. @default 7 */
  readonly expireAfterDays: number;
  /** How many invitations a tenant has open at most, so that nobody sends mail to the whole world. @default 1000 */
  readonly maxOpenPerTenant: number;
  /** How long an invitation waits at least before it is sent again. @default 60 */
  readonly resendAfterSeconds: number;
}

const defaultInvitationsOptions: InvitationsOptions = {
  expireAfterDays: 7,
  maxOpenPerTenant: 1_000,
  resendAfterSeconds: 60,
};

/** @throws InvalidOptionError */
export function resolveInvitationsOptions(given?: Partial<InvitationsOptions>): InvitationsOptions {
  const options = withDefaults({ ...defaultInvitationsOptions }, given);
  assertWholeOption('memberships.invitations.expireAfterDays', options.expireAfterDays, 1);
  assertWholeOption('memberships.invitations.maxOpenPerTenant', options.maxOpenPerTenant, 1);
  assertWholeOption('memberships.invitations.resendAfterSeconds', options.resendAfterSeconds, 0);
  return options;
}
