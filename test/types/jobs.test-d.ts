// Compiles, or the promise that it states is broken. Nothing here runs.
import { JobHandler, type JobPayload, type JobRun, type JobsService } from 'nestjs-host-database/jobs';
import { type Equal, expectType } from './expect-type.js';

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'type-tests.send-invoice': { invoiceId: string };
  }
}

export async function enqueueKnowsThePayload(jobs: JobsService): Promise<void> {
  await jobs.enqueue('type-tests.send-invoice', { invoiceId: 'one' });
  // @ts-expect-error the payload is of another type
  await jobs.enqueue('type-tests.send-invoice', { invoiceId: 1 });
  // @ts-expect-error the payload lacks its property
  await jobs.enqueue('type-tests.send-invoice', {});
  // @ts-expect-error the payload is missing
  await jobs.enqueue('type-tests.send-invoice');
  // @ts-expect-error the library's own job types are known too
  await jobs.enqueue('tenants.provision-database', { tenant: 'one' });
  // A type that nobody has declared takes any JSON.
  await jobs.enqueue('type-tests.undeclared', [1, 'two', null]);
}

expectType<Equal<JobPayload<'type-tests.send-invoice'>, { invoiceId: string }>>();
expectType<Equal<JobPayload<'type-tests.undeclared'>, unknown>>();
expectType<Equal<JobRun<'type-tests.send-invoice'>['payload'], { invoiceId: string }>>();
expectType<Equal<JobRun['tenantId'], string | undefined>>();

export class Handlers {
  @JobHandler('type-tests.send-invoice')
  async takesItsPayload({ payload }: JobRun<'type-tests.send-invoice'>): Promise<void> {
    expectType<Equal<typeof payload, { invoiceId: string }>>();
  }

  @JobHandler('type-tests.send-invoice')
  async mayTakeNothing(): Promise<void> {
    // The type of the job says all.
  }

  // @ts-expect-error the handler is of another job type than its decorator
  @JobHandler('type-tests.send-invoice')
  async takesAnother({ payload }: JobRun<'tenants.provision-database'>): Promise<void> {
    expectType<Equal<typeof payload, { readonly tenantId: string }>>();
  }
}
