// A job is written in the transaction that it belongs to, and handled after the commit, by this process or another.
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { JobHandler, type JobRun, JobsService } from 'nestjs-host-database/jobs';

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'greetings.send-card': { email: string };
  }
}

@Injectable()
class Greetings {
  @JobHandler('greetings.send-card')
  async sendCard({ payload }: JobRun<'greetings.send-card'>): Promise<void> {
    console.log(`Welcome, ${payload.email}!`);
  }
}

@Module({ imports: [HostDatabaseModule.forRoot({ jobs: { worker: false } })], providers: [Greetings] })
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
const jobs = app.get(JobsService);

await app.get(HostDatabase).run(() => jobs.enqueue('greetings.send-card', { email: 'ada@example.com' }));
// Without worker: false, the application's worker would have run it by now.
console.log(`${await jobs.runPending()} job done`);

await app.close();
