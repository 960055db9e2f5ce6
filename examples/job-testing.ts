// A test of what is enqueued, and of what happens then: jobs and time are in the hand of the test.
import assert from 'node:assert/strict';
import { Injectable } from '@nestjs/common';
import { JobHandler, type JobRun, JobsService } from 'nestjs-host-database/jobs';
import { createTestHost } from 'nestjs-host-database/testing';

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'trials.send-reminder': { email: string; at: string };
  }
}

@Injectable()
class Trials {
  readonly reminded: string[] = [];

  constructor(private readonly jobs: JobsService) {}

  async begin(email: string): Promise<void> {
    await this.jobs.enqueue('trials.send-reminder', { email, at: 'the end' }, { delayMs: 14 * 86_400_000 });
  }

  @JobHandler('trials.send-reminder')
  async sendReminder({ payload }: JobRun<'trials.send-reminder'>): Promise<void> {
    this.reminded.push(payload.email);
  }
}

const host = await createTestHost({ providers: [Trials] });
const trials = host.get(Trials);

await host.run(() => trials.begin('ada@example.com'));
const [job] = await host.jobs.expectEnqueued('trials.send-reminder', { payload: { email: 'ada@example.com' }, count: 1 });
assert.equal(job?.status, 'scheduled');

assert.equal(await host.jobs.drain(), 0); // not yet
host.clock.advance(14 * 86_400_000);
assert.equal((await host.jobs.runOne())?.status, 'completed');
assert.deepEqual(trials.reminded, ['ada@example.com']);
console.log('reminded');

await host.close();
