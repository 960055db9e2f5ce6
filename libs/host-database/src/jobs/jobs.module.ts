import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { JobDrain } from './job-drain.js';
import { JobEnqueuer } from './job-enqueuer.js';
import { JobHandlersExplorer } from './job-handlers.explorer.js';
import { JobHandlersRegistry } from './job-handlers.registry.js';
import { JobRemoval } from './job-removal.js';
import { JobTenantScope } from './job-tenant-scope.js';
import { JobsService } from './jobs.service.js';
import { JobsWorker } from './jobs.worker.js';
import { JobSchedulesService, scheduleProviders } from './schedules/index.js';
import { jobSignalsProvider } from './signals/index.js';
import { jobStoreProvider } from './store/index.js';
import { JobTelemetry } from './telemetry/job-telemetry.js';
import { JobRunner } from './worker/job-runner.js';

/** What is pending: the queue, its worker and the handlers of the application. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    JobsService,
    JobEnqueuer,
    JobDrain,
    JobsWorker,
    JobRunner,
    JobHandlersExplorer,
    JobHandlersRegistry,
    JobTenantScope,
    JobRemoval,
    JobTelemetry,
    jobStoreProvider,
    jobSignalsProvider,
    ...scheduleProviders,
  ],
  exports: [JobsService, JobSchedulesService, JobTenantScope, JobRemoval],
})
export class JobsModule {}
