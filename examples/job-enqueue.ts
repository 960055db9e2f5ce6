// Jobs are written in the caller's unit of work: one or many, now or later, in a queue, for a tenant, once for a key.
import { genId } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { UsersService } from 'nestjs-host-database/users';
import { createTestHost } from 'nestjs-host-database/testing';

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'mails.send-welcome': { email: string };
    'invoices.send-invoice': { invoiceId: string };
  }
}

const host = await createTestHost();
const [jobs, users, tenantId] = [host.get(JobsService), host.get(UsersService), genId()];

await host.run(() =>
  host.hostDatabase.transactional(async () => {
    const { email } = await users.create({ email: 'ada@example.com' });
    await jobs.enqueue('mails.send-welcome', { email }, { delayMs: 60_000 });
  }),
);

await host.run(async () => {
  const options = { tenantId, queue: 'invoices', priority: -1, uniqueKey: 'in_1' };
  await jobs.enqueue('invoices.send-invoice', { invoiceId: 'in_1' }, options);
  // The same key, while the other has not ended: nothing is written, and the other is returned.
  await jobs.enqueue('invoices.send-invoice', { invoiceId: 'in_1' }, options);

  const invoices = ['in_2', 'in_3', 'in_4'];
  await jobs.enqueueMany(
    'invoices.send-invoice',
    invoices.map((invoiceId) => ({ tenantId, queue: 'invoices', uniqueKey: invoiceId, payload: { invoiceId } })),
  );
});

for (const { jobType, queue, status } of await host.jobs.enqueued()) console.log(`${jobType} in ${queue}: ${status}`);

await host.close();
