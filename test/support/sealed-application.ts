import type { INestApplicationContext } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, HostDatabaseModule } from 'nestjs-host-database';
import type { AuditSealingOptions } from 'nestjs-host-database/audit';
import type { JobsOptions } from 'nestjs-host-database/jobs';

@Module({})
class SealedApplication {}

/** What one process of several is started with. */
export interface SealedApplicationOptions {
  readonly database: DatabaseOptions;
  readonly sealing: AuditSealingOptions;
  /** @default no worker, so that the test seals */
  readonly jobs?: Partial<JobsOptions>;
}

/** Starts an application on a database that others use too, as another process would. */
export async function startSealedApplication({
  database,
  sealing,
  jobs = { worker: false },
}: SealedApplicationOptions): Promise<INestApplicationContext> {
  const host = HostDatabaseModule.forRoot({ database, jobs, audit: { capture: false, sealing } });
  return NestFactory.createApplicationContext({ module: SealedApplication, imports: [host] }, { logger: ['error'] });
}
