import { Global, Module } from '@nestjs/common';
import { AuditCatalogue, AuditedEntities } from '../audit/index.js';
import { identityEvents } from './identities/identities.audit-events.js';
import { IdentityRecords } from './identities/identity-records.js';
import { UserIdentities } from './identities/user-identities.service.js';
import { AlreadyRegisteredNotice } from './mail/already-registered-notice.js';
import { MailDelivery } from './mail/mail-delivery.js';
import { Argon2PasswordHasher } from './passwords/argon2.password-hasher.js';
import { PasswordBackoffs } from './passwords/password-backoffs.js';
import { PasswordChanges } from './passwords/password-changes.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { PasswordSignIn } from './passwords/password-sign-in.service.js';
import { passwordEvents } from './passwords/passwords.audit-events.js';
import { Passwords } from './passwords/passwords.service.js';
import { EmailVerification } from './tokens/email-verification.service.js';
import { PasswordReset } from './tokens/password-reset.service.js';
import { UserTokenMailJobs } from './tokens/user-token-mail.jobs.js';
import { userTokenEvents } from './tokens/user-tokens.audit-events.js';
import { UserTokens } from './tokens/user-tokens.js';
import { auditUsers } from './users.audit.js';
import { OwnAccount, ownAccountEvents } from './own-account.js';
import { UserLifecycle } from './user-lifecycle.js';
import { UserEvents } from './users.events.js';
import { type ResolvedUsersOptions, USERS_OPTIONS } from './users.options.js';
import { UsersService } from './users.service.js';
import { UsersUpkeepJobs } from './users-upkeep.jobs.js';
import { UsersUpkeep } from './users-upkeep.js';

const services = [
  UsersService,
  UserEvents,
  MailDelivery,
  AlreadyRegisteredNotice,
  Passwords,
  PasswordSignIn,
  EmailVerification,
  PasswordReset,
  UserIdentities,
];

/** Who is this person? */
@Global()
@Module({
  providers: [
    ...services,
    UserLifecycle,
    IdentityRecords,
    OwnAccount,
    PasswordBackoffs,
    PasswordChanges,
    UserTokens,
    UserTokenMailJobs,
    UsersUpkeep,
    UsersUpkeepJobs,
    {
      provide: PasswordHasher,
      inject: [USERS_OPTIONS],
      useFactory: ({ passwords }: ResolvedUsersOptions) => passwords.hasher ?? new Argon2PasswordHasher(passwords.argon2),
    },
  ],
  exports: services,
})
export class UsersModule {
  constructor(audited: AuditedEntities, catalogue: AuditCatalogue) {
    auditUsers(audited);
    catalogue.add(identityEvents);
    catalogue.add(passwordEvents);
    catalogue.add(userTokenEvents);
    catalogue.add(ownAccountEvents);
  }
}
