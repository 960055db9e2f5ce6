// A job for every time that a cron names, once over all processes; here with time in the hand of the program.
import { Injectable } from '@nestjs/common';
import { JobHandler, type JobRun, JobSchedulesService, ScheduledJob } from 'nestjs-host-database/jobs';
import { createTestHost } from 'nestjs-host-database/testing';

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'reports.send-report': { kind: 'daily' | 'weekly' };
  }
}

@Injectable()
class Reports {
  @ScheduledJob('30 2 * * *', { timeZone: 'Europe/Berlin', payload: { kind: 'daily' } })
  @JobHandler('reports.send-report')
  async send({ payload }: JobRun<'reports.send-report'>): Promise<void> {
    console.log(`${host.clock.now().toISOString()} ${payload.kind} report`);
  }
}

const host = await createTestHost({ providers: [Reports] });
const schedules = host.get(JobSchedulesService);
const goOnUntil = async (time: string) => {
  host.clock.set(new Date(time));
  await host.runJobs();
};

// The clock of a test begins in January: what was missed until then is run once.
await goOnUntil('2030-03-30T12:00Z');

// What users choose is stored.
await host.run(() =>
  schedules.upsert({ name: 'acme-weekly', type: 'reports.send-report', cron: '0 8 * * MON', payload: { kind: 'weekly' } }),
);

// In this night the clocks of Berlin go on from 02:00, which is 01:00 UTC, to 03:00: there is no 02:30.
await goOnUntil('2030-03-31T01:00Z');
await goOnUntil('2030-04-01T08:00Z');
await host.close();
