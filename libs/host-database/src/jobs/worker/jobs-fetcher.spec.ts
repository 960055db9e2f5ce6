import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { claimedJob } from '../../../test/jobs/claimed-job.js';
import { JobHandlersRegistry } from '../job-handlers.registry.js';
import type { ClaimedJob, ClaimRequest, JobStore } from '../store/index.js';
import { FairBuffer } from './fair-buffer.js';
import { JobsFetcher } from './jobs-fetcher.js';

const KNOWN = 'mails.send-welcome';
/** More than one look sees. */
const MANY = 250;

/** What the fetcher asks of a store, over a list of ready jobs. */
class ListedJobs {
  ready: ClaimedJob[] = [];
  readonly claims: ClaimRequest[] = [];

  readonly findReadyTenants = async (_queue: string, after: string | undefined, limit: number) =>
    [...new Set(this.ready.map(({ fairnessKey }) => fairnessKey))]
      .toSorted()
      .filter((key) => after === undefined || key > after)
      .slice(0, limit);

  readonly claim = async (request: ClaimRequest) => {
    this.claims.push(request);
    const jobs = request.shares.flatMap(({ fairnessKey, count }) =>
      this.ready.filter((job) => job.fairnessKey === fairnessKey && request.jobTypes.includes(job.jobType)).slice(0, count),
    );
    this.ready = this.ready.filter((job) => !jobs.includes(job));
    return { jobs, heldCount: request.completed?.length ?? 0 };
  };
}

const tenant = (index: number) => `tenant-${String(index).padStart(4, '0')}`;

describe(JobsFetcher.name, () => {
  let store: ListedJobs;
  let buffer: FairBuffer;
  let sut: JobsFetcher;
  let isRegistered: boolean;
  let now: number;

  beforeEach(() => {
    store = new ListedJobs();
    buffer = new FairBuffer();
    isRegistered = true;
    now = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    const registry = new JobHandlersRegistry();
    registry.register(KNOWN, { name: 'Mails.sendWelcome()', handle: () => undefined, options: {} });
    sut = new JobsFetcher(
      {
        queue: 'default',
        concurrency: 2,
        limits: undefined,
        store: store as unknown as JobStore,
        registry,
        workerId: () => 'worker',
        mayClaim: () => isRegistered,
      },
      buffer,
      () => undefined,
    );
  });
  afterEach(() => {
    sut.close();
    jest.restoreAllMocks();
  });

  const add = (fairnessKey: string, jobType = KNOWN) =>
    store.ready.push(claimedJob({ id: `${fairnessKey}-${store.ready.length}`, fairnessKey, jobType }));
  const fetch = (wanted = 10) => sut.fetch({ wanted, completed: [], isStopping: false });
  /** Fetches for as long as there may be work, as the worker does, but never for ever. */
  const fetchAll = async (most: number) => {
    const jobs: ClaimedJob[] = [];
    let count = 0;
    for (; sut.isInvited && count < most; count++) {
      jobs.push(...(await fetch()).jobs);
      now += 200;
    }
    return { jobs, count };
  };

  it('reaches a tenant behind hundreds that have only jobs of types which this process does not know', async () => {
    for (let index = 0; index < MANY; index++) add(tenant(index), 'reports.of-others');
    add(tenant(MANY));
    const { jobs } = await fetchAll(100);
    expect(jobs.map(({ fairnessKey }) => fairnessKey)).toEqual([tenant(MANY)]);
  });

  it('stops asking when no tenant has a job for it, and begins again when it is invited', async () => {
    for (let index = 0; index < MANY; index++) add(tenant(index), 'reports.of-others');
    const { jobs, count } = await fetchAll(100);
    expect(jobs).toEqual([]);
    // Ten tenants at a time, once each.
    expect(count).toBeLessThan(40);
    expect(sut.isInvited).toBe(false);
    add(tenant(7));
    sut.invite();
    expect((await fetchAll(100)).jobs).toHaveLength(1);
  });

  it('does not ask the database again and again beside a full buffer', async () => {
    for (let index = 0; index < 50; index++) add(tenant(1));
    buffer.add((await fetch(5)).jobs);
    const asked = store.claims.length;
    expect(await fetch(0)).toMatchObject({ jobs: [], lostCount: 0, hasAsked: false });
    expect(await sut.fetchForOthers(2)).toEqual([]);
    expect(store.claims).toHaveLength(asked);
    // What makes the worker try again at once.
    expect(sut.isLookDue).toBe(false);
  });

  it('gives a tenant that is new a turn although the buffer is full of jobs of another', async () => {
    for (let index = 0; index < 50; index++) add(tenant(1));
    buffer.add((await fetch(5)).jobs);
    add(tenant(2));
    sut.invite();
    expect(sut.isLookDue).toBe(true);
    expect((await sut.fetchForOthers(2)).map(({ fairnessKey }) => fairnessKey)).toEqual([tenant(2)]);
  });

  it('claims for the tenants that it knows while it looks for others', async () => {
    for (let index = 0; index < 50; index++) add(tenant(1));
    buffer.add((await fetch(5)).jobs);
    add(tenant(2));
    sut.invite();
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const look = store.findReadyTenants;
    jest.spyOn(store, 'findReadyTenants').mockImplementation(async (...given) => {
      await answered;
      return look(...given);
    });
    const others = sut.fetchForOthers(2);
    expect(sut.isLookDue).toBe(false);
    expect((await fetch(5)).jobs.map(({ fairnessKey }) => fairnessKey)).toEqual(Array.from({ length: 5 }, () => tenant(1)));
    answer();
    expect((await others).map(({ fairnessKey }) => fairnessKey)).toEqual([tenant(2)]);
  });

  it.each([
    { tookMs: [20, 20], pauseMs: 20, is: 'soon, if looks take a while' },
    { tookMs: [20, 200], pauseMs: 20, is: 'soon, if one of them took too long' },
    { tookMs: [200, 200], pauseMs: 1_600, is: 'later, if they take too long' },
  ])('looks again for tenants that are announced $is', async ({ tookMs, pauseMs }) => {
    const look = store.findReadyTenants;
    jest.spyOn(store, 'findReadyTenants').mockImplementation((...given) => {
      now += tookMs.shift() ?? 0;
      return look(...given);
    });
    for (let index = 0; index < 50; index++) add(tenant(1));
    buffer.add((await fetch(5)).jobs);
    await sut.fetchForOthers(2);
    add(tenant(2));
    sut.invite();
    now += pauseMs - 1;
    expect(sut.isLookDue).toBe(false);
    now += 1;
    expect(sut.isLookDue).toBe(true);
    expect((await sut.fetchForOthers(2)).map(({ fairnessKey }) => fairnessKey)).toEqual([tenant(2)]);
  });

  it('claims nothing while this process is not registered', async () => {
    add(tenant(1));
    isRegistered = false;
    expect(sut.isInvited).toBe(false);
    expect((await fetch()).jobs).toEqual([]);
    isRegistered = true;
    expect((await fetch()).jobs).toHaveLength(1);
  });

  it('records what was completed although nothing may be claimed', async () => {
    isRegistered = false;
    const [job] = [claimedJob({ id: 'done', fairnessKey: tenant(1) })];
    await sut.fetch({ wanted: 10, completed: [job], isStopping: false });
    expect(store.claims).toMatchObject([{ shares: [], completed: [{ id: 'done' }] }]);
  });
});
