import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { JobClaims } from './job-claims.js';
import { JobHandlersExplorer } from './job-handlers.explorer.js';
import { JobHandlersRegistry } from './job-handlers.registry.js';
import { JobRunner } from './job-runner.js';
import { JobsService } from './jobs.service.js';
import { JobsWorker } from './jobs.worker.js';

/** What is pending: the queue, its worker and the handlers of the application. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [JobsService, JobsWorker, JobRunner, JobClaims, JobHandlersExplorer, JobHandlersRegistry],
  exports: [JobsService],
})
export class JobsModule {}
