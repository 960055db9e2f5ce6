import { Global, Module } from '@nestjs/common';
import { MembershipsService } from './memberships.service.js';

/** What can they access? */
@Global()
@Module({ providers: [MembershipsService], exports: [MembershipsService] })
export class MembershipsModule {}
