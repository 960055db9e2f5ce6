import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, HostDatabaseModule } from 'nestjs-host-database';
import type { JobsOptions } from 'nestjs-host-database/jobs';
import { ChaosHandlers } from '../chaos-handlers.js';

// Works on the queue of the database of the environment, with the options of the environment, until a signal ends it.
@Module({
  imports: [
    HostDatabaseModule.forRoot({
      database: JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions,
      jobs: JSON.parse(process.env.JOBS ?? '{}') as Partial<JobsOptions>,
    }),
  ],
  providers: [ChaosHandlers],
})
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
process.stdout.write('ready\n');
