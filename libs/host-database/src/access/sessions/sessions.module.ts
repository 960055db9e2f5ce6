import { Global, Module } from '@nestjs/common';
import { AuditCatalogue } from '../../audit/index.js';
import { CredentialCache } from './credential-cache.js';
import { CsrfProtection } from './csrf-protection.js';
import { RefusalRecords } from './refusal-records.js';
import { SessionActivity } from './session-activity.js';
import { SessionCookies } from './session-cookies.js';
import { SessionEvents } from './session-events.js';
import { SessionReader } from './session-reader.js';
import { SessionRefusals } from './session-refusals.js';
import { SessionRemovalJobs } from './session-removal.jobs.js';
import { SessionRotation } from './session-rotation.js';
import { SessionSignIn } from './session-sign-in.js';
import { SessionAuthenticator } from './session.authenticator.js';
import { sessionAuditEvents } from './sessions.audit-events.js';
import { SessionsService } from './sessions.service.js';

/** Who is signed in, and for how long? */
@Global()
@Module({
  providers: [
    CredentialCache,
    CsrfProtection,
    RefusalRecords,
    SessionActivity,
    SessionAuthenticator,
    SessionCookies,
    SessionEvents,
    SessionReader,
    SessionRefusals,
    SessionRemovalJobs,
    SessionRotation,
    SessionSignIn,
    SessionsService,
  ],
  exports: [
    CredentialCache,
    CsrfProtection,
    RefusalRecords,
    SessionActivity,
    SessionAuthenticator,
    SessionCookies,
    SessionEvents,
    SessionSignIn,
    SessionsService,
  ],
})
export class SessionsModule {
  constructor(catalogue: AuditCatalogue) {
    catalogue.add(sessionAuditEvents);
  }
}
