export { auditUsers } from './users.audit.js';
export { GlobalUser } from './global-user.entity.js';
export { UserDeactivated, UserDeleting, UserEvents, UserPasswordChanged, UserRegistered } from './users.events.js';
export type { VerifiedIdentity } from './identities/verified-identity.js';
export { DuplicateEmailError, DuplicateOAuthIdentityError, UserDeactivatedError, UserNotFoundError } from './users.errors.js';
export {
  IdentityEmailMissingError,
  IdentityLinkRequiredError,
  IdentityNotFoundError,
  IdentityTakenError,
  LastSignInMethodError,
} from './identities/identities.errors.js';
export { type SignedInUser, UserIdentities } from './identities/user-identities.service.js';
export { UserIdentity } from './identities/user-identity.entity.js';
export { type Mail, type MailContents, Mailer, type MailTemplate } from './mail/mailer.js';
export { PasswordBackoff } from './passwords/password-backoff.entity.js';
export type { PasswordsOptions } from './passwords/passwords.options.js';
export { USER_TOKEN_PURPOSES, UserToken, type UserTokenPurpose } from './tokens/user-token.entity.js';
export type { UserTokensOptions } from './tokens/user-tokens.options.js';
export { resolveUsersOptions, USERS_OPTIONS, type UsersOptions } from './users.options.js';
export { UsersModule } from './users.module.js';
export { type NewUser, type OAuthIdentity, UsersService } from './users.service.js';
