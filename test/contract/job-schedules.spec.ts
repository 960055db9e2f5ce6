import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Provider } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Clock, genId, HostDatabase, HostDatabaseModule, InvalidIdError } from 'nestjs-host-database';
import {
  DuplicateScheduleError,
  InvalidJobPayloadError,
  InvalidJobTypeError,
  InvalidScheduleError,
  JobHandler,
  type JobRun,
  JobSchedulesService,
  ScheduledJob,
  ScheduleInCodeError,
  ScheduleNotFoundError,
  ScheduleWithoutHandlerError,
  slotOfKey,
} from 'nestjs-host-database/jobs';
import { createTestHost, FakeClock, type TestHost } from 'nestjs-host-database/testing';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

@Injectable()
class Reports {
  readonly runs: JobRun[] = [];

  @ScheduledJob('0 3 * * *', { timeZone: 'Europe/Berlin', payload: { kind: 'daily' } })
  @ScheduledJob('*/30 * * * *', { name: 'reports.half-hourly', payload: { kind: 'short' }, missed: 'all', priority: 5 })
  @JobHandler('reports.send', { queue: 'reports' })
  async send(run: JobRun): Promise<void> {
    this.runs.push(run);
  }
}

/** Schedules of the code with one cron, which a new version of the code changes. */
function versionOf(cron: string, timeZone = 'UTC'): Provider {
  @Injectable()
  class Version {
    @ScheduledJob(cron, { timeZone })
    @JobHandler('reports.send')
    async send(): Promise<void> {}
  }
  return Version;
}

const HOUR_MS = 3_600_000;
/** The library's own schedule is no part of this. */
const ONLY_OWN = { tenantDomains: { reverifyAfterDays: 0 } } as const;

describe.each(['sqlite', 'postgresql'] as const)(`${JobSchedulesService.name} on %s`, (database) => {
  let host: TestHost;
  let sut: JobSchedulesService;

  beforeEach(async () => {
    host = await createTestHost({ database, providers: [Reports] });
    sut = host.get(JobSchedulesService);
  });
  afterEach(async () => {
    await host.close();
  });

  const upsert = (schedule: Partial<Parameters<JobSchedulesService['upsert']>[0]> = {}) =>
    host.run(() => sut.upsert({ name: 'mine', type: 'mail.send', cron: '*/10 * * * *', ...schedule }));
  const get = (name = 'mine') => host.run(() => sut.getByName(name));
  const jobs = () => host.run(() => host.hostDatabase.systemJobs.findAll({ orderBy: { id: 'asc' } }));
  const slots = async (name = 'mine') =>
    (await jobs())
      .map(({ uniqueKey }) => slotOfKey(uniqueKey ?? null))
      .filter((slot) => slot?.schedule === name)
      .map((slot) => slot?.at.toISOString().slice(0, 16));

  describe('schedules of the code', () => {
    it('are written when the application starts', async () => {
      expect(await host.run(() => sut.list())).toMatchObject([
        {
          name: 'reports.half-hourly',
          source: 'code',
          jobType: 'reports.send',
          cron: '*/30 * * * *',
          timeZone: 'UTC',
          missed: 'all',
          priority: 5,
          queue: 'reports',
          nextSlotAt: new Date('2030-01-01T00:30:00Z'),
        },
        {
          name: 'reports.send',
          cron: '0 3 * * *',
          timeZone: 'Europe/Berlin',
          payload: { kind: 'daily' },
          missed: 'once',
          isActive: true,
          nextSlotAt: new Date('2030-01-01T02:00:00Z'),
          lastSlotAt: null,
        },
      ]);
    });

    it('run their handler with their payload', async () => {
      host.clock.advance(2 * HOUR_MS);
      expect(await host.runJobs()).toBe(5);
      expect(host.get(Reports).runs.map(({ type, queue, payload }) => ({ type, queue, payload }))).toEqual([
        { type: 'reports.send', queue: 'reports', payload: { kind: 'daily' } },
        ...Array.from({ length: 4 }, () => ({ type: 'reports.send', queue: 'reports', payload: { kind: 'short' } })),
      ]);
      expect(await slots('reports.half-hourly')).toEqual([
        '2030-01-01T00:30',
        '2030-01-01T01:00',
        '2030-01-01T01:30',
        '2030-01-01T02:00',
      ]);
    });

    it('can be paused, but not changed or removed', async () => {
      await host.run(() => sut.pause('reports.send'));
      await expect(host.run(() => sut.remove('reports.send'))).rejects.toBeInstanceOf(ScheduleInCodeError);
      await expect(upsert({ name: 'reports.send' })).rejects.toBeInstanceOf(ScheduleInCodeError);
      expect(await get('reports.send')).toMatchObject({ source: 'code', jobType: 'reports.send', isActive: false });
    });
  });

  describe('upsert', () => {
    it('stores a schedule that any process runs', async () => {
      const tenantId = genId();
      const schedule = await upsert({ tenantId, payload: { to: 'ada' }, timeZone: 'Asia/Tokyo', priority: -1, queue: 'mail' });
      expect(schedule).toMatchObject({
        source: 'stored',
        nextSlotAt: new Date('2030-01-01T00:10:00Z'),
        createdAt: host.clock.now(),
      });
      host.clock.advance(600_000);
      expect(await sut.enqueueDue()).toBe(1);
      expect(await jobs()).toMatchObject([
        {
          jobType: 'mail.send',
          tenantId,
          fairnessKey: tenantId,
          payload: { to: 'ada' },
          priority: -1,
          queue: 'mail',
          createdAt: host.clock.now(),
        },
      ]);
      expect(await get()).toMatchObject({ lastSlotAt: host.clock.now(), nextSlotAt: new Date('2030-01-01T00:20:00Z') });
    });

    it('takes the queue of the handler', async () => {
      expect(await upsert({ type: 'reports.send' })).toMatchObject({ queue: 'reports' });
      expect(await upsert()).toMatchObject({ queue: 'default' });
    });

    it('changes what a schedule does without moving its slot, unless that is what changes', async () => {
      await upsert({ payload: 1 });
      host.clock.advance(5_000);
      const nextSlotAt = new Date('2030-01-01T00:10:00Z');
      expect(await upsert({ payload: 2, queue: 'mail', missed: 'skip' })).toMatchObject({
        payload: 2,
        queue: 'mail',
        missed: 'skip',
        nextSlotAt,
      });
      expect(await upsert({ cron: '0 * * * *' })).toMatchObject({ nextSlotAt: new Date('2030-01-01T01:00:00Z'), payload: null });
      expect(await upsert({ cron: '0 * * * *', timeZone: 'Asia/Kathmandu' })).toMatchObject({
        nextSlotAt: new Date('2030-01-01T00:15:00Z'),
      });
    });

    it('does not run a slot again that has been decided', async () => {
      await upsert();
      host.clock.advance(600_000);
      expect(await sut.enqueueDue()).toBe(1);
      // The clock of the database is set back, or it is another database after a failover.
      host.clock.advance(-300_000);
      expect(await upsert({ cron: '*/5 * * * *' })).toMatchObject({ nextSlotAt: new Date('2030-01-01T00:15:00Z') });
    });

    it('is part of the transaction of the caller', async () => {
      const work = host.run(() =>
        host.hostDatabase.transactional(async () => {
          await sut.upsert({ name: 'mine', type: 'mail.send', cron: '* * * * *' });
          throw new Error('no');
        }),
      );
      await expect(work).rejects.toThrow('no');
      await expect(get()).rejects.toBeInstanceOf(ScheduleNotFoundError);
    });

    it('may be called by several processes at the same time', async () => {
      const results = await Promise.all(Array.from({ length: 5 }, (_, payload) => upsert({ payload })));
      expect(results).toHaveLength(5);
      expect(await host.run(() => sut.list({ source: 'stored' }))).toHaveLength(1);
    });

    it.each([
      ['name', { name: '' }],
      ['name', { name: 'x'.repeat(128) }],
      ['name', { name: ' mine' }],
      ['cron', { cron: 'daily' }],
      ['cron', { cron: '0 0 30 2 *' }],
      ['cron', { cron: `${'1,'.repeat(200)}1 * * * *` }],
      ['cron', { cron: undefined as never }],
      ['timeZone', { timeZone: 'Mars/Olympus' }],
      ['timeZone', { timeZone: 7 as never }],
      ['missed', { missed: 'sometimes' as never }],
      ['missedLimit', { missedLimit: 0 }],
      ['missedLimit', { missedLimit: 1_001 }],
      ['queue', { queue: 'No Queue' }],
      ['priority', { priority: 0.5 }],
    ])('refuses a wrong %s (%j)', async (field, wrong) => {
      const error: unknown = await upsert(wrong).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(InvalidScheduleError);
      expect(error).toMatchObject({ field });
      expect(await host.run(() => sut.list({ source: 'stored' }))).toEqual([]);
    });

    it('refuses what no job could be', async () => {
      await expect(upsert({ type: 'Mail' })).rejects.toBeInstanceOf(InvalidJobTypeError);
      await expect(upsert({ payload: 1n })).rejects.toBeInstanceOf(InvalidJobPayloadError);
      await expect(upsert({ tenantId: 'acme' })).rejects.toBeInstanceOf(InvalidIdError);
    });
  });

  describe('pause', () => {
    it('stops a schedule until it is resumed, and slots of the pause are not missed', async () => {
      await upsert({ missed: 'all' });
      expect(await host.run(() => sut.pause('mine'))).toMatchObject({ isActive: false, nextSlotAt: null });
      host.clock.advance(HOUR_MS + 1);
      expect(await sut.enqueueDue()).toBe(2);
      // A change does not start it again.
      expect(await upsert({ missed: 'all', cron: '*/20 * * * *' })).toMatchObject({ isActive: false, nextSlotAt: null });
      expect(await host.run(() => sut.resume('mine'))).toMatchObject({ nextSlotAt: new Date('2030-01-01T01:20:00Z') });
      host.clock.advance(HOUR_MS);
      await sut.enqueueDue();
      expect(await slots()).toEqual(['2030-01-01T01:20', '2030-01-01T01:40', '2030-01-01T02:00']);
    });

    it('leaves one that is not paused where it is when it is resumed', async () => {
      await upsert();
      host.clock.advance(HOUR_MS);
      expect(await host.run(() => sut.resume('mine'))).toMatchObject({ nextSlotAt: new Date('2030-01-01T00:10:00Z') });
    });
  });

  describe('remove', () => {
    it('ends a schedule; one of the same name begins with its next slot', async () => {
      await upsert();
      await host.run(() => sut.remove('mine'));
      await expect(get()).rejects.toBeInstanceOf(ScheduleNotFoundError);
      host.clock.advance(HOUR_MS);
      expect(await upsert()).toMatchObject({ nextSlotAt: new Date('2030-01-01T01:10:00Z') });
    });
  });

  it('lists schedules by source and tenant', async () => {
    const tenantId = genId();
    await upsert({ name: 'b', tenantId });
    await upsert({ name: 'a' });
    const namesOf = async (filter: Parameters<JobSchedulesService['list']>[0]) =>
      (await host.run(() => sut.list(filter))).map(({ name }) => name);
    expect(await namesOf({ source: 'stored' })).toEqual(['a', 'b']);
    expect(await namesOf({ tenantId })).toEqual(['b']);
    expect(await namesOf({ source: 'code' })).toEqual(['reports.half-hourly', 'reports.send']);
  });

  it('says which schedule there is not', async () => {
    for (const method of ['pause', 'resume', 'remove', 'getByName'] as const) {
      await expect(host.run<unknown>(() => sut[method]('none'))).rejects.toBeInstanceOf(ScheduleNotFoundError);
    }
  });
});

describe.each(['sqlite', 'postgresql'] as const)('the code of several processes on %s', (type) => {
  const clock = new FakeClock();
  let scratch: ScratchDatabase;
  let processes: TestingModule[];

  beforeEach(async () => {
    clock.set(new Date('2030-01-01T00:00:00Z'));
    scratch = await scratchDatabase(type);
    processes = [];
  });
  afterEach(async () => {
    for (const process of processes) await process.close();
    await scratch.drop();
  });

  const boot = async (...providers: Provider[]): Promise<TestingModule> => {
    const options = { database: scratch.options, jobs: { worker: false }, ...ONLY_OWN };
    const process = await Test.createTestingModule({ imports: [HostDatabaseModule.forRoot(options)], providers })
      .overrideProvider(Clock)
      .useValue(clock)
      .compile();
    processes.push(process);
    return process.init();
  };
  const schedulesOf = (process: TestingModule) => process.get(JobSchedulesService, { strict: false });
  const run = <T>(process: TestingModule, work: (schedules: JobSchedulesService) => Promise<T>) =>
    process.get(HostDatabase, { strict: false }).run(() => work(schedulesOf(process)));
  const get = (process: TestingModule, name = 'reports.send') => run(process, (schedules) => schedules.getByName(name));

  it('leaves a schedule where it is when it starts again: slots of the time in between were missed', async () => {
    await boot(versionOf('0 1 * * *'));
    clock.advance(2 * HOUR_MS);
    const restarted = await boot(versionOf('0 1 * * *'));
    expect(await get(restarted)).toMatchObject({ nextSlotAt: new Date('2030-01-01T01:00:00Z') });
    expect(await schedulesOf(restarted).enqueueDue()).toBe(1);
  });

  it('begins anew with another cron or time zone, and drops what the old one has missed', async () => {
    await boot(versionOf('0 1 * * *'));
    clock.advance(2 * HOUR_MS);
    const second = await boot(versionOf('0 5 * * *'));
    expect(await get(second)).toMatchObject({ cron: '0 5 * * *', nextSlotAt: new Date('2030-01-01T05:00:00Z') });
    const third = await boot(versionOf('0 5 * * *', 'America/New_York'));
    expect(await get(third)).toMatchObject({ nextSlotAt: new Date('2030-01-01T10:00:00Z') });
    expect(await schedulesOf(third).enqueueDue()).toBe(0);
  });

  it('runs only its own schedules', async () => {
    const first = await boot(versionOf('0 * * * *'));
    const other = await boot();
    clock.advance(HOUR_MS);
    expect(await schedulesOf(other).enqueueDue()).toBe(0);
    expect(await schedulesOf(first).enqueueDue()).toBe(1);
  });

  it('does not resume what was paused, not with another cron either', async () => {
    const first = await boot(versionOf('0 * * * *'));
    await run(first, (schedules) => schedules.pause('reports.send'));
    const second = await boot(versionOf('30 * * * *'));
    expect(await get(second)).toMatchObject({ isActive: false, nextSlotAt: null, cron: '30 * * * *' });
    clock.advance(24 * HOUR_MS);
    expect(await schedulesOf(second).enqueueDue()).toBe(0);
    await run(second, (schedules) => schedules.resume('reports.send'));
    expect(await get(second)).toMatchObject({ nextSlotAt: new Date('2030-01-02T00:30:00Z') });
  });

  it('does not start where a stored schedule has the name of one of the code', async () => {
    const first = await boot();
    await run(first, (schedules) => schedules.upsert({ name: 'reports.send', type: 'mail.send', cron: '@daily' }));
    await expect(boot(versionOf('0 * * * *'))).rejects.toBeInstanceOf(DuplicateScheduleError);
    expect(await get(first)).toMatchObject({ source: 'stored', jobType: 'mail.send' });
  });
});

describe('the boot', () => {
  @Injectable()
  class Unhandled {
    @ScheduledJob('@daily')
    async send(): Promise<void> {}
  }
  @Injectable()
  class Twice {
    @ScheduledJob('@daily')
    @ScheduledJob('@hourly')
    @JobHandler('twice.send')
    async send(): Promise<void> {}
  }
  @Injectable()
  class Checked {
    @ScheduledJob('@daily', { payload: 'wrong' as never })
    @JobHandler('checked.send', {
      schema: { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) } },
    })
    async send(): Promise<void> {}
  }

  it.each([
    ['a wrong cron', versionOf('61 * * * *'), InvalidScheduleError],
    ['an unknown time zone', versionOf('@daily', 'Mars/Olympus'), InvalidScheduleError],
    ['two schedules of one name', Twice, DuplicateScheduleError],
    ['a schedule of what is no handler', Unhandled, ScheduleWithoutHandlerError],
    ['a payload that the schema of the handler refuses', Checked, InvalidJobPayloadError],
  ])('is stopped by %s', async (_, provider, error) => {
    await expect(createTestHost({ providers: [provider] })).rejects.toBeInstanceOf(error);
  });
});

describe('a worker', () => {
  it('runs a slot of a schedule that was stored while it slept, when it comes', async () => {
    const host = await createTestHost({
      providers: [Reports],
      options: { jobs: { worker: true, heartbeatMs: 60_000, deadAfterMs: 600_000 } },
    });
    const ran = Promise.withResolvers<JobRun>();
    host.get(Reports).send = async (run) => ran.resolve(run);
    const soon = { name: 'soon', type: 'reports.send', cron: '* * * * *' };
    await host.run(() => host.get(JobSchedulesService).upsert(soon));
    // The clock of the test brings the slot; the worker, which is not to hear its own heart for a minute, looks when it is told to.
    host.clock.advance(60_000);
    await host.run(() => host.get(JobSchedulesService).upsert(soon));
    expect(await ran.promise).toMatchObject({ type: 'reports.send', queue: 'reports' });
    await host.close();
  });
});
