import { Global, Module } from '@nestjs/common';
import { AuditCatalogue } from '../../audit/index.js';
import { AccessTokenAuthenticator } from './access-token.authenticator.js';
import { accessTokenAuditEvents } from './access-tokens.audit-events.js';
import { TokenUsers } from './token-users.js';

/** Who comes with the word of somebody else? */
@Global()
@Module({ providers: [AccessTokenAuthenticator, TokenUsers], exports: [AccessTokenAuthenticator] })
export class AccessTokensModule {
  constructor(catalogue: AuditCatalogue) {
    catalogue.add(accessTokenAuditEvents);
  }
}
