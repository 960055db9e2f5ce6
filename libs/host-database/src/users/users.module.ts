import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { GlobalUser } from './global-user.entity.js';
import { UsersService } from './users.service.js';

/** Who is this person? */
@Global()
@Module({ providers: [UsersService], exports: [UsersService] })
export class UsersModule {
  constructor(audited: AuditedEntities) {
    audited.register(GlobalUser, {
      name: 'users',
      secret: ['passwordHash'],
      personal: { subject: 'id', fields: ['email', 'oauthId', 'stripeCustId'] },
    });
  }
}
