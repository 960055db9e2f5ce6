// Compiles, or the promise that it states is broken. Nothing here runs.
import type { SystemJob } from 'nestjs-host-database';
import { JobHandler, type JobHandlerOptions, type JobPayload, type JobRun, type JobsService } from 'nestjs-host-database/jobs';
import { type Equal, expectType } from './expect-type.js';

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'type-tests.send-invoice': { invoiceId: string };
    'type-tests.count': number;
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
  await jobs.enqueue('type-tests.send-invoice', { invoiceId: 'one' }, { delayMs: 5, uniqueKey: 'one' });
  // @ts-expect-error no such option
  await jobs.enqueue('type-tests.send-invoice', { invoiceId: 'one' }, { delay: 5 });
  // A type that nobody has declared takes any JSON.
  await jobs.enqueue('type-tests.undeclared', [1, 'two', null]);
}

export async function enqueueManyKnowsThePayloads(jobs: JobsService): Promise<void> {
  const ids = await jobs.enqueueMany('type-tests.send-invoice', [{ payload: { invoiceId: 'one' }, priority: 1 }]);
  expectType<Equal<typeof ids, string[]>>();
  // @ts-expect-error the payload is of another type
  await jobs.enqueueMany('type-tests.send-invoice', [{ payload: { invoiceId: 1 } }]);
  // @ts-expect-error the payload is missing
  await jobs.enqueueMany('type-tests.send-invoice', [{ priority: 1 }]);
}

expectType<Equal<Awaited<ReturnType<JobsService['enqueue']>>, SystemJob>>();
expectType<Equal<Awaited<ReturnType<JobsService['cancel']>>, boolean>>();

expectType<Equal<JobPayload<'type-tests.send-invoice'>, { invoiceId: string }>>();
expectType<Equal<JobPayload<'type-tests.undeclared'>, unknown>>();
expectType<Equal<JobRun<'type-tests.send-invoice'>['payload'], { invoiceId: string }>>();
expectType<Equal<JobRun['tenantId'], string | undefined>>();
expectType<Equal<JobRun['signal'], AbortSignal>>();

type SchemaOf<T extends string> = NonNullable<JobHandlerOptions<T>['schema']>;
declare const invoices: SchemaOf<'type-tests.send-invoice'>;
declare const numbers: SchemaOf<'type-tests.count'>;
export const checked: JobHandlerOptions<'type-tests.send-invoice'> = { schema: invoices };
// @ts-expect-error the schema is of another payload
export const misjudged: JobHandlerOptions<'type-tests.send-invoice'> = { schema: numbers };

export class Handlers {
  @JobHandler('type-tests.send-invoice')
  async takesItsPayload({ payload }: JobRun<'type-tests.send-invoice'>): Promise<void> {
    expectType<Equal<typeof payload, { invoiceId: string }>>();
  }

  @JobHandler('type-tests.send-invoice')
  async mayTakeNothing(): Promise<void> {
    // The type of the job says all.
  }

  @JobHandler('type-tests.send-invoice', { queue: 'mails', transactional: true, schema: invoices })
  async mayReturnWhatIsStored({ attempt }: JobRun<'type-tests.send-invoice'>): Promise<{ attempt: number }> {
    return { attempt };
  }

  // @ts-expect-error the handler is of another job type than its decorator
  @JobHandler('type-tests.send-invoice')
  async takesAnother({ payload }: JobRun<'tenants.provision-database'>): Promise<void> {
    expectType<Equal<typeof payload, { readonly tenantId: string }>>();
  }
}
