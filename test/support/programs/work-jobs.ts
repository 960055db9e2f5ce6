import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { AuditService, defineAuditEvents, detailsOf, type InferAuditEvents } from 'nestjs-host-database/audit';
import { JobHandler, type JobRun, JobsService } from 'nestjs-host-database/jobs';

const events = defineAuditEvents({ 'test.job-run': { details: detailsOf<undefined>() } });
declare module 'nestjs-host-database/audit' {
  interface AuditEventTypes extends InferAuditEvents<typeof events> {}
}

/** Works off the pending jobs of the database of the environment, in a process of its own, and prints how many it ran. */
@Injectable()
class Handlers {
  constructor(private readonly audit: AuditService) {}

  @JobHandler('test.record-run')
  async recordRun({ id }: JobRun): Promise<void> {
    await this.audit.record({ eventType: 'test.job-run', targetId: id });
  }

  @JobHandler('test.never-end')
  async neverEnd(): Promise<void> {
    if (process.env.TAKE_OVER) return;
    process.stdout.write('started\n');
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  }
}

@Module({
  imports: [
    HostDatabaseModule.forRoot({
      database: JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions,
      audit: { events: [events] },
      jobs: {
        worker: false,
        heartbeatMs: Math.floor(Number(process.env.DEAD_AFTER_MS ?? 12_000) / 3),
        deadAfterMs: Number(process.env.DEAD_AFTER_MS ?? 12_000),
      },
    }),
  ],
  providers: [Handlers],
})
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ['error'] });
const jobs = app.get(JobsService);
const unfinished = () =>
  app.get(HostDatabase).run((em) => em.execute(`select 1 from sys_jobs where status in ('pending', 'running')`));
let count = await jobs.runPending();
// A worker is dead by the database's clock, so all that can be done is to look again.
while (process.env.WAIT_FOR && (await unfinished()).length > 0) count += await jobs.runPending();
await app.close();
process.stdout.write(String(count));
