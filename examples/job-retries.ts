// What a handler says about trying again, and what becomes of a job that used up its attempts.
import { Injectable, Logger } from '@nestjs/common';
import { Discard, JobHandler, type JobRun, JobsService, RetryAfter, Snooze } from 'nestjs-host-database/jobs';
import { createTestHost } from 'nestjs-host-database/testing';

@Injectable()
class Payments {
  @JobHandler('payments.charge-card', { retry: { maxAttempts: 3, delayMs: 2_000, maxDelayMs: 60_000 } })
  async chargeCard({ payload, attempt }: JobRun): Promise<void> {
    if (isSunday()) throw new Snooze(3_600_000); // not now; does not count as an attempt
    const answer = (payload as string[])[attempt - 1];
    if (answer === 'too many requests') throw new RetryAfter(30_000); // then, and not when the policy says
    if (answer === 'no such card') throw new Discard(answer); // hopeless: no further attempt
    if (answer !== 'thank you') throw new Error(answer); // again, later and later
  }
}

const host = await createTestHost({ providers: [Payments] });
const jobs = host.get(JobsService);
const isSunday = () => host.clock.now().getUTCDay() === 0;
Logger.overrideLogger(false); // Attempts that failed are logged, and here they are wanted.
host.clock.set(new Date('2030-01-06T22:00Z')); // a Sunday

async function charge(...answers: string[]): Promise<string> {
  const { id } = await host.run(() => jobs.enqueue('payments.charge-card', answers));
  while ((await host.jobs.enqueued()).length > 0) {
    await host.runJobs();
    host.clock.advance(3_600_000);
  }
  const { status, attempt } = await host.run(() => jobs.getById(id));
  return `${status} after ${attempt} of 3 attempts`;
}

console.log(await charge('too many requests', 'thank you'));
console.log(await charge('no such card'));
console.log(await charge('timeout', 'timeout', 'timeout', 'thank you'));

// Once their cause is mended, the dead letters have all their attempts before them again.
console.log(`${await host.run(() => jobs.redrive({ jobType: 'payments.charge-card' }))} redriven`);

await host.close();
