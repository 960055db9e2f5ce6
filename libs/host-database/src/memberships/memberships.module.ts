import { Global, Module } from '@nestjs/common';
import { AuditedEntities } from '../audit/index.js';
import { Membership } from './membership.entity.js';
import { MembershipsService } from './memberships.service.js';

/** What can they access? */
@Global()
@Module({ providers: [MembershipsService], exports: [MembershipsService] })
export class MembershipsModule {
  constructor(audited: AuditedEntities) {
    audited.register(Membership, {
      name: 'memberships',
      personal: { subject: 'user', fields: ['profileId', 'metaAttributes'] },
      tenant: 'tenant',
    });
  }
}
