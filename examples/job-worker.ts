// One process that enqueues and another that works, here side by side; and limits that all processes keep to together.
import { setTimeout as delay } from 'node:timers/promises';
import { type DynamicModule, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { genId, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { JobHandler, type JobsOptions, JobsService } from 'nestjs-host-database/jobs';

@Injectable()
class Reports {
  private static running = 0;
  static most = 0;

  @JobHandler('reports.write-report', { queue: 'reports' })
  async write(): Promise<void> {
    Reports.most = Math.max(Reports.most, ++Reports.running);
    await delay(20);
    Reports.running--;
  }
}

// The same in every process: limits are counted by whoever claims a job.
const queues: JobsOptions['queues'] = {
  reports: { maxRunning: 3, maxRunningPerTenant: 2, rateLimit: { limit: 600, periodMs: 60_000 } },
};

@Module({})
class AppModule {
  static register(jobs: Partial<JobsOptions>): DynamicModule {
    return { module: AppModule, imports: [HostDatabaseModule.forRoot({ jobs: { queues, ...jobs } })], providers: [Reports] };
  }
}

const api = await NestFactory.createApplicationContext(AppModule.register({ worker: false }), { logger: ['error'] });
const worker = await NestFactory.createApplicationContext(AppModule.register({ worker: true }), { logger: ['error'] });
worker.enableShutdownHooks(); // SIGTERM: takes no more jobs, lets those that run end, gives the others back

const tenants = [genId(), genId()];
const items = Array.from({ length: 10 }, (_, index) => ({ payload: null, tenantId: tenants[index % 2] ?? '' }));
await api.get(HostDatabase).run(() => api.get(JobsService).enqueueMany('reports.write-report', items));

while ((await api.get(JobsService).statistics()).queues.length > 0) await delay(20);
console.log(`all written, ${Reports.most} at a time`);

await worker.close();
await api.close();
