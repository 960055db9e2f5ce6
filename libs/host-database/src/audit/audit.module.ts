import { Global, Module } from '@nestjs/common';
import { AuditService } from './audit.service.js';

/** What happened: the append-only log. */
@Global()
@Module({ providers: [AuditService], exports: [AuditService] })
export class AuditModule {}
