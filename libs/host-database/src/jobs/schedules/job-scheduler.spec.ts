import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { RequiredEntityData } from '@mikro-orm/core';
import { type Clock, genId, SystemClock } from '../../common/index.js';
import { JobStoreFixture, newJob } from '../../../test/jobs/job-store-fixture.js';
import { SystemJob } from '../system-job.entity.js';
import { createScheduleStore } from './index.js';
import { JobSchedule } from './job-schedule.entity.js';
import { JobScheduler } from './job-scheduler.js';
import { toScheduleDefinition } from './schedule-definition.js';
import type { AdvanceRequest, ScheduleStore } from './schedule-store.interface.js';
import { ScheduledJobsRegistry } from './scheduled-jobs.registry.js';
import { slotOfKey } from './slot-key.js';

const NOON = new Date('2030-01-01T12:00:00.000Z');
const at = (time: string) => new Date(`2030-01-01T${time}Z`);

/** Writes a schedule of every minute whose slot of noon has not been decided. */
async function addSchedule(fixture: JobStoreFixture, facts: Partial<RequiredEntityData<JobSchedule>> = {}): Promise<void> {
  await fixture.orm.em.fork().insert(JobSchedule, {
    name: 'store.do-work',
    source: 'stored',
    jobType: 'store.do-work',
    cron: '* * * * *',
    nextSlotAt: NOON,
    createdAt: NOON,
    ...facts,
  });
}

describe.each(['sqlite', 'postgresql'] as const)(`${JobScheduler.name} on %s`, (database) => {
  let fixture: JobStoreFixture;
  let registry: ScheduledJobsRegistry;
  let sut: JobScheduler;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open(database);
  });
  beforeEach(async () => {
    await fixture.clear();
    fixture.clock.set(NOON);
    registry = new ScheduledJobsRegistry();
    sut = new JobScheduler(connect(), registry);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(() => fixture.close());

  const connect = (clock: Clock = fixture.clock): ScheduleStore => createScheduleStore(fixture.connectDirectly(), clock);

  const add = (facts: Partial<RequiredEntityData<JobSchedule>> = {}) => addSchedule(fixture, facts);
  const scheduleOf = async (name = 'store.do-work') => fixture.orm.em.fork().findOneOrFail(JobSchedule, { name });
  const jobs = async () => fixture.orm.em.fork().find(SystemJob, {}, { orderBy: { id: 'asc' } });
  const slots = async () => (await jobs()).map(({ uniqueKey }) => slotOfKey(uniqueKey ?? null)?.at);

  it('enqueues the job of a slot and moves on to the next', async () => {
    const tenantId = genId();
    await add({ queue: 'reports', priority: -3, payload: { list: [1, 'ü', null] }, tenantId });
    expect(await sut.tick()).toEqual({ enqueued: 1, queues: ['reports'], nextSlotMs: 60_000 });
    expect(await jobs()).toMatchObject([
      {
        jobType: 'store.do-work',
        status: 'pending',
        queue: 'reports',
        priority: -3,
        payload: { list: [1, 'ü', null] },
        tenantId,
        fairnessKey: tenantId,
        uniqueKey: 'schedule:store.do-work:2030-01-01T12:00:00.000Z',
        createdAt: NOON,
      },
    ]);
    expect(await scheduleOf()).toMatchObject({ lastSlotAt: NOON, nextSlotAt: at('12:01:00') });
    expect(await sut.tick()).toEqual({ enqueued: 0, queues: [], nextSlotMs: 60_000 });
  });

  it('does nothing before the slot, to the millisecond', async () => {
    await add();
    fixture.clock.set(at('11:59:59.999'));
    expect(await sut.tick()).toEqual({ enqueued: 0, queues: [], nextSlotMs: 1 });
    fixture.clock.advance(1);
    expect(await sut.tick()).toMatchObject({ enqueued: 1 });
  });

  it('knows of no slot where there is no schedule', async () => {
    expect(await sut.tick()).toEqual({ enqueued: 0, queues: [], nextSlotMs: undefined });
  });

  it.each([
    ['skip', 1, [at('15:00:00')]],
    ['once', 100, [at('15:00:00')]],
    ['all', 3, [at('14:58:00'), at('14:59:00'), at('15:00:00')]],
  ] as const)('runs missed slots by the policy %s', async (missed, missedLimit, expected) => {
    await add({ missed, missedLimit });
    fixture.clock.set(at('15:00:30'));
    expect(await sut.tick()).toMatchObject({ enqueued: expected.length, nextSlotMs: 30_000 });
    expect(await slots()).toEqual(expected);
  });

  it('moves a schedule on whose missed slot is skipped', async () => {
    await add({ missed: 'skip', cron: '0 12 * * *' });
    fixture.clock.set(at('15:00:00'));
    expect(await sut.tick()).toEqual({ enqueued: 0, queues: [], nextSlotMs: 21 * 3_600_000 });
    expect(await scheduleOf()).toMatchObject({ lastSlotAt: NOON });
  });

  it('leaves paused schedules alone, and those of code that this process does not have', async () => {
    await add({ name: 'paused', isActive: false });
    await add({ name: 'elsewhere', source: 'code' });
    expect(await sut.tick()).toEqual({ enqueued: 0, queues: [], nextSlotMs: undefined });
    registry.register({
      method: 'Reports.send()',
      definition: toScheduleDefinition({ name: 'elsewhere', type: 'store.do-work', cron: '* * * * *' }),
    });
    expect(await sut.tick()).toMatchObject({ enqueued: 1, nextSlotMs: 60_000 });
  });

  it('keeps to the wall clock of its time zone when the clocks change', async () => {
    const cron = { cron: '30 2 * * *', timeZone: 'Europe/Berlin', nextSlotAt: new Date('2030-10-26T00:30:00Z') };
    await add(cron);
    for (let hour = 0; hour < 72; hour++) {
      fixture.clock.set(new Date(Date.parse('2030-10-26T00:30:00Z') + hour * 3_600_000));
      await sut.tick();
    }
    expect((await slots()).map((slot) => slot?.toISOString())).toEqual([
      '2030-10-26T00:30:00.000Z',
      '2030-10-27T00:30:00.000Z',
      '2030-10-28T01:30:00.000Z',
    ]);
  });

  it('decides more than fit into one transaction, each once', async () => {
    for (let index = 0; index < 130; index++) await add({ name: `s${index}`, missed: 'all', missedLimit: 10 });
    fixture.clock.set(at('12:14:00'));
    expect(await sut.tick()).toMatchObject({ enqueued: 1_300, queues: ['default'], nextSlotMs: 60_000 });
    expect(new Set((await jobs()).map(({ uniqueKey }) => uniqueKey)).size).toBe(1_300);
  });

  it('decides each slot once when several processes look at the same time', async () => {
    for (let index = 0; index < 20; index++) await add({ name: `s${index}` });
    const processes = [sut, ...Array.from({ length: 4 }, () => new JobScheduler(connect(), registry))];
    for (let minute = 0; minute < 5; minute++) {
      fixture.clock.set(new Date(NOON.getTime() + minute * 60_000));
      const ticks = await Promise.all(processes.map((process) => process.tick()));
      expect(ticks.reduce((sum, { enqueued }) => sum + enqueued, 0)).toBe(20);
    }
    expect(new Set((await jobs()).map(({ uniqueKey }) => uniqueKey)).size).toBe(100);
  });

  it('enqueues nothing and stays where it is when the process fails in between', async () => {
    await add();
    const store = connect();
    const fail = new Error('the process is gone');
    const decide: AdvanceRequest['decide'] = () => {
      throw fail;
    };
    await expect(store.advance({ inCode: [], except: [], limit: 9, decide })).rejects.toBe(fail);
    // The job is written before the schedule is moved on.
    const broken = {
      get name(): string {
        throw fail;
      },
      lastSlotAt: NOON,
      nextSlotAt: at('12:01:00'),
      jobs: [newJob()],
    };
    await expect(store.advance({ inCode: [], except: [], limit: 9, decide: () => [broken] })).rejects.toBe(fail);
    expect(await scheduleOf()).toMatchObject({ nextSlotAt: NOON, lastSlotAt: null });
    expect(await jobs()).toEqual([]);
    expect(await sut.tick()).toMatchObject({ enqueued: 1 });
  });

  it('enqueues a slot no second time after its job is purged', async () => {
    await add();
    await sut.tick();
    await fixture.execute('delete from sys_jobs');
    expect(await sut.tick()).toMatchObject({ enqueued: 0 });
  });

  it('does not let one that cannot be decided hold up the others, and says so once', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    await add({ name: 'a-broken-cron', cron: 'every day' });
    await add({ name: 'b-unknown-zone', timeZone: 'Mars/Olympus' });
    await add({ name: 'c-good' });
    expect(await sut.tick()).toEqual({ enqueued: 1, queues: ['default'], nextSlotMs: 60_000 });
    expect(await sut.tick()).toMatchObject({ enqueued: 0, nextSlotMs: 60_000 });
    expect(error.mock.calls.map(([message]) => /schedule (\S+) are/.exec(String(message))?.[1])).toEqual([
      'a-broken-cron',
      'b-unknown-zone',
    ]);
    expect(await scheduleOf('a-broken-cron')).toMatchObject({ nextSlotAt: NOON, isActive: true });
  });

  it('goes by the clock of the database unless the one of the application is a fake', async () => {
    const ahead = new (class extends SystemClock {
      override now = () => new Date('2999-01-01T00:00:00Z');
    })();
    const scheduler = new JobScheduler(connect(ahead), registry);
    const inAnHour = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_600_000);
    await add({ nextSlotAt: inAnHour });
    const { enqueued, nextSlotMs } = await scheduler.tick();
    expect(enqueued).toBe(0);
    expect(Math.abs(nextSlotMs! - (inAnHour.getTime() - Date.now()))).toBeLessThan(60_000);
  });
});

// On SQLite nobody else can hold the write lock between two statements.
describe(`${JobScheduler.name} beside another process on postgresql`, () => {
  let fixture: JobStoreFixture;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open('postgresql');
  });
  afterAll(() => fixture.close());

  it('leaves alone what another holds, and looks again soon: it may die', async () => {
    fixture.clock.set(NOON);
    const store = () => createScheduleStore(fixture.connectDirectly(), fixture.clock);
    await addSchedule(fixture, { name: 'held' });
    await addSchedule(fixture, { name: 'free' });
    const sut = new JobScheduler(store(), new ScheduledJobsRegistry());
    await fixture.transactional(async (em) => {
      await em.execute(`select 1 from sys_job_schedules where name = 'held' for update`);
      expect(await sut.tick()).toEqual({ enqueued: 1, queues: ['default'], nextSlotMs: 1_000 });
    });
    expect(await sut.tick()).toMatchObject({ enqueued: 1, nextSlotMs: 60_000 });
    expect((await fixture.jobs()).map(({ uniqueKey }) => slotOfKey(uniqueKey ?? null)?.schedule)).toEqual(['free', 'held']);
  });

  it('knows the time in a transaction that began before it', async () => {
    const store = createScheduleStore(fixture.connectDirectly(), new SystemClock());
    await fixture.transactional(async (em) => {
      const [began]: { at: Date }[] = await em.execute('select now() as at, pg_sleep(0.01)');
      expect((await store.now(em)).getTime()).toBeGreaterThan(new Date(began!.at).getTime());
    });
  });

  it('bounds how long a process that was cut off holds a schedule', async () => {
    const connection = fixture.connectDirectly();
    if (connection.type !== 'postgresql') throw new Error('This is a test of PostgreSQL.');
    const timeouts: unknown[] = [];
    const store = createScheduleStore(
      Object.assign(Object.create(connection), {
        transaction: (work: (query: unknown) => Promise<unknown>) =>
          connection.transaction(async (query) => {
            const result = await work(query);
            timeouts.push(...(await query('show idle_in_transaction_session_timeout')));
            return result;
          }),
      }),
      fixture.clock,
    );
    await fixture.clear();
    const sut = new JobScheduler(store, new ScheduledJobsRegistry());
    await addSchedule(fixture);
    await sut.tick();
    expect(timeouts).toEqual([{ idle_in_transaction_session_timeout: '10s' }]);
    expect(await connection.query('show idle_in_transaction_session_timeout')).toEqual([
      { idle_in_transaction_session_timeout: '0' },
    ]);
  });
});
