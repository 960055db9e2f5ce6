// Compiles, or the promise that it states is broken. Nothing here runs.
import { JobHandler, type JobRun, type JobSchedulesService, ScheduledJob } from 'nestjs-host-database/jobs';

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'type-tests.send-report': { kind: 'daily' | 'weekly'; days?: number[] };
    'type-tests.clean-up': null;
  }
}

export class Handlers {
  @ScheduledJob('@daily', { payload: { kind: 'daily', days: [1, 2] } })
  @JobHandler('type-tests.send-report')
  async takesItsPayload({ payload }: JobRun<'type-tests.send-report'>): Promise<unknown> {
    return payload.kind;
  }

  // @ts-expect-error the payload is of another type
  @ScheduledJob('@daily', { payload: { kind: 'yearly' } })
  @JobHandler('type-tests.send-report')
  async takesNoOther({ payload }: JobRun<'type-tests.send-report'>): Promise<unknown> {
    return payload;
  }

  // @ts-expect-error the payload is missing
  @ScheduledJob('@daily')
  @JobHandler('type-tests.send-report')
  async needsOne({ payload }: JobRun<'type-tests.send-report'>): Promise<unknown> {
    return payload;
  }

  @ScheduledJob('@daily')
  @ScheduledJob('0 3 * * *', {
    name: 'again',
    timeZone: 'Europe/Berlin',
    missed: 'all',
    missedLimit: 10,
    queue: 'low',
    priority: 1,
  })
  @JobHandler('type-tests.clean-up')
  async needsNone({ payload }: JobRun<'type-tests.clean-up'>): Promise<unknown> {
    return payload;
  }

  @ScheduledJob('@daily', { payload: [1, 'two'] })
  @JobHandler('type-tests.undeclared')
  async takesAnything({ payload }: JobRun): Promise<unknown> {
    return payload;
  }

  // @ts-expect-error no such policy
  @ScheduledJob('@daily', { missed: 'some' })
  @JobHandler('type-tests.clean-up')
  async hasAPolicy(): Promise<void> {
    // The decorators say all.
  }
}

export async function upsertKnowsThePayload(schedules: JobSchedulesService): Promise<void> {
  const schedule = { name: 'mine', cron: '@daily' };
  await schedules.upsert({ ...schedule, type: 'type-tests.send-report', payload: { kind: 'weekly' } });
  // @ts-expect-error the payload is of another type
  await schedules.upsert({ ...schedule, type: 'type-tests.send-report', payload: { kind: 'yearly' } });
  // @ts-expect-error the payload is missing
  await schedules.upsert({ ...schedule, type: 'type-tests.send-report' });
  await schedules.upsert({ ...schedule, type: 'type-tests.clean-up' });
  await schedules.upsert({ ...schedule, type: 'type-tests.undeclared', payload: [1, 'two', null] });
  await schedules.upsert({ ...schedule, type: 'type-tests.undeclared' });
  // @ts-expect-error the cron is missing
  await schedules.upsert({ name: 'mine', type: 'type-tests.clean-up' });
}
