export { auditUsers } from './users.audit.js';
export { GlobalUser } from './global-user.entity.js';
export { UserDeactivated, UserDeleting, UserEvents, UserPasswordChanged, UserRegistered } from './users.events.js';
export type { VerifiedIdentity } from './identities/verified-identity.js';
export {
  DuplicateEmailError,
  DuplicateOAuthIdentityError,
  ImpersonatedAccountChangeError,
  UserDeactivatedError,
  UserNotFoundError,
} from './users.errors.js';
export {
  IdentityEmailMissingError,
  IdentityLinkRequiredError,
  IdentityNotFoundError,
  IdentityTakenError,
  LastSignInMethodError,
} from './identities/identities.errors.js';
export { type SignedInUser, UserIdentities } from './identities/user-identities.service.js';
export { UserIdentity } from './identities/user-identity.entity.js';
export { AlreadyRegisteredNotice } from './mail/already-registered-notice.js';
export { MailDelivery } from './mail/mail-delivery.js';
export { MailerMissingError, MailNotSentError } from './mail/mail.errors.js';
export { type Mail, type MailContents, Mailer, type MailTemplate } from './mail/mailer.js';
export { PasswordBackoff } from './passwords/password-backoff.entity.js';
export { PasswordHasher } from './passwords/password-hasher.js';
export { type ChangedPassword, type PasswordCredentials, PasswordSignIn } from './passwords/password-sign-in.service.js';
export {
  InvalidCredentialsError,
  PasswordInTransactionError,
  PasswordPackageMissingError,
  TooManyAttemptsError,
  WeakPasswordError,
  type WeakPasswordReason,
} from './passwords/passwords.errors.js';
export type { Argon2Options, GivenPasswordsOptions, PasswordsOptions } from './passwords/passwords.options.js';
export { type PasswordContext, Passwords } from './passwords/passwords.service.js';
export { EmailVerification } from './tokens/email-verification.service.js';
export { type NewPassword, PasswordReset } from './tokens/password-reset.service.js';
export { USER_TOKEN_PURPOSES, UserToken, type UserTokenPurpose } from './tokens/user-token.entity.js';
export type { TokenRefusal } from './tokens/user-tokens.audit-events.js';
export { InvalidUserTokenError } from './tokens/user-tokens.errors.js';
export type { UserTokensOptions } from './tokens/user-tokens.options.js';
export { resolveUsersOptions, USERS_OPTIONS, type UsersOptions } from './users.options.js';
export { UsersModule } from './users.module.js';
export { type NewUser, type OAuthIdentity, UsersService } from './users.service.js';
