import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { ChaosHandlers } from '../chaos-handlers.js';

// Enqueues in transactions, works and reads for so many seconds, all at the same time, and prints what it has done.
@Module({
  imports: [HostDatabaseModule.forRoot({ database: JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions })],
  providers: [ChaosHandlers],
})
class MixModule {}

const app = await NestFactory.createApplicationContext(MixModule, { logger: ['error'] });
const host = app.get(HostDatabase);
const jobs = app.get(JobsService);
const endsAt = performance.now() + Number(process.env.SECONDS ?? 1) * 1_000;
const done = { enqueued: 0, reads: 0, worstReadMs: 0, worstWriteMs: 0 };

async function repeat(work: () => Promise<number>, worst: 'worstReadMs' | 'worstWriteMs'): Promise<void> {
  while (performance.now() < endsAt) {
    const beganAt = performance.now();
    const count = await work();
    done[worst] = Math.max(done[worst], Math.round(performance.now() - beganAt));
    if (worst === 'worstReadMs') done.reads++;
    else done.enqueued += count;
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 10));
  }
}

await Promise.all([
  repeat(
    () =>
      host.run(() =>
        host.transactional(async () => {
          // A transaction that reads before it writes, as those of an application do.
          await host.systemJobs.count({ status: 'pending' });
          await jobs.enqueue('chaos.count-up', null);
          return (await jobs.enqueueMany('chaos.count-up', [{ payload: null }, { payload: null }])).length + 1;
        }),
      ),
    'worstWriteMs',
  ),
  repeat(() => host.run(() => host.systemJobs.count({ status: 'completed' })), 'worstReadMs'),
  repeat(async () => (await jobs.statistics()).queues.length, 'worstReadMs'),
]);
await app.close();
process.stdout.write(JSON.stringify(done));
