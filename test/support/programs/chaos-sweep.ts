import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { type Failpoint, observeStatements } from '../statement-failpoints.js';
import { runScenario, SWEEP_OPTIONS, SweepHandlers, SweepRole } from '../sweep-scenario.js';

// Goes through the scenario and dies at the statement of the environment. Without one, says which statements there were.
const database = JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions;
const deadly = process.env.FAILPOINT ? (JSON.parse(process.env.FAILPOINT) as Failpoint) : undefined;
const seen: Failpoint[] = [];

@Module({
  imports: [HostDatabaseModule.forRoot({ database, jobs: SWEEP_OPTIONS })],
  providers: [SweepHandlers, { provide: SweepRole, useValue: { isFirst: true } }],
})
class SweepModule {}

observeStatements(process.env.DIALECT === 'sqlite' ? 'sqlite' : 'postgresql', (at) => {
  seen.push(at);
  if (at.statement === deadly?.statement && at.nth === deadly.nth && at.side === deadly.side)
    process.kill(process.pid, 'SIGKILL');
});
const app = await NestFactory.createApplicationContext(SweepModule, { logger: false });
await runScenario(app.get(HostDatabase), app.get(JobsService));
await app.close();
process.stdout.write(JSON.stringify(seen));
