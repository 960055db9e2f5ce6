import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Clock, type DatabaseOptions, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { JobHandler, JobSchedulesService, ScheduledJob } from 'nestjs-host-database/jobs';
import { FakeClock } from 'nestjs-host-database/testing';
import { dieAtStatement } from '../die-at-statement.js';

/** What the test says on a line: the time, and perhaps the statement of this tick at which to die. */
interface Command {
  readonly round: number;
  readonly now: string;
  readonly dieAt?: number;
}

/** Has one schedule in its code and stores those of the environment. */
@Injectable()
class Handlers {
  @ScheduledJob('* * * * *', { name: 'code', missed: 'all', missedLimit: 1_000 })
  @JobHandler('test.do-nothing')
  async doNothing(): Promise<void> {}
}

const clock = new FakeClock(new Date(process.env.NOW ?? 0));
const app = await Test.createTestingModule({
  imports: [
    HostDatabaseModule.forRoot({
      database: JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions,
      migrate: 'off',
      jobs: { worker: false, notifications: false },
      tenantDomains: { reverifyAfterDays: 0 },
    }),
  ],
  providers: [Handlers],
})
  .overrideProvider(Clock)
  .useValue(clock)
  .compile();
await app.init();

const schedules = app.get(JobSchedulesService, { strict: false });
const host = app.get(HostDatabase, { strict: false });
for (const schedule of JSON.parse(process.env.SCHEDULES ?? '[]') as Parameters<JobSchedulesService['upsert']>[0][]) {
  await host.run(() => host.transactional(() => schedules.upsert(schedule), { retries: 20 }));
}
const death = await dieAtStatement(host);
process.stdout.write('ready\n');

for await (const line of createInterface(process.stdin)) {
  const { round, now, dieAt } = JSON.parse(line) as Command;
  clock.set(new Date(now));
  death.comesAt(dieAt);
  const enqueued = await schedules.enqueueDue();
  death.comesAt(undefined);
  process.stdout.write(`round ${round}: ${enqueued}\n`);
}
await app.close();
