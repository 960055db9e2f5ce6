// What a transactional handler writes in the host database is committed together with the end of its job, or not at all.
import { Injectable, Logger } from '@nestjs/common';
import { JobHandler, type JobRun, JobsService } from 'nestjs-host-database/jobs';
import { createTestHost } from 'nestjs-host-database/testing';
import { UsersService } from 'nestjs-host-database/users';

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'accounts.import-user': { email: string };
    'mails.send-welcome': { email: string };
  }
}

@Injectable()
class Accounts {
  constructor(
    private readonly users: UsersService,
    private readonly jobs: JobsService,
  ) {}

  @JobHandler('accounts.import-user', { transactional: true })
  async importUser({ payload, attempt }: JobRun<'accounts.import-user'>): Promise<void> {
    const { email } = await this.users.create(payload);
    await this.jobs.enqueue('mails.send-welcome', { email });
    if (attempt === 1) throw new Error('The process could as well have died here.');
  }
}

const host = await createTestHost({ providers: [Accounts] });
Logger.overrideLogger(false);

await host.run(() => host.get(JobsService).enqueue('accounts.import-user', { email: 'ada@example.com' }));
for (const attempt of [1, 2]) {
  await host.runJobs();
  const users = await host.run(() => host.hostDatabase.globalUsers.count());
  const mails = (await host.jobs.enqueued('mails.send-welcome')).length;
  console.log(`after attempt ${attempt}: ${users} users, ${mails} mails`);
  host.clock.advance(1_000); // what a first retry waits at most
}

await host.close();
