// What a health check or an alert asks the queue.
import { Injectable } from '@nestjs/common';
import { JobsService } from 'nestjs-host-database/jobs';
import { createTestHost } from 'nestjs-host-database/testing';

@Injectable()
class JobsHealth {
  constructor(private readonly jobs: JobsService) {}

  /** What is wrong with the queue; nothing, if all is well. */
  async problems(): Promise<string[]> {
    const { queues, workers, oldestTransaction } = await this.jobs.statistics();
    const problems: string[] = [];
    if (!workers.some(({ lastBeatAgeMs }) => lastBeatAgeMs < 12_000)) problems.push('no worker is alive');
    for (const { queue, oldestPendingAgeMs = 0, failed, parked } of queues) {
      if (oldestPendingAgeMs > 300_000) problems.push(`${queue}: a job has been ready for ${oldestPendingAgeMs / 1_000} s`);
      if (parked > 0) problems.push(`${queue}: ${parked} without a handler`);
      if (failed > 0) problems.push(`${queue}: ${failed} dead letters`);
    }
    if (oldestTransaction && oldestTransaction.ageMs > 900_000) {
      problems.push(`${oldestTransaction.applicationName}: open for ${oldestTransaction.ageMs / 1_000} s, holds back vacuum`);
    }
    return problems;
  }
}

const host = await createTestHost({ providers: [JobsHealth] });
await host.run(() => host.get(JobsService).enqueue('mails.send-digest', null));
host.clock.advance(600_000);
for (const problem of await host.get(JobsHealth).problems()) console.log(problem);
await host.close();
