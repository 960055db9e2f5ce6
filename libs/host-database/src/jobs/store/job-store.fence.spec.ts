import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { claimRequest, JobStoreFixture } from '../../../test/jobs/job-store-fixture.js';
import { type ClaimedJob, JobStore } from './index.js';

const DEAD_AFTER_MS = 15_000;

/** What a worker may still do with a claim that it believes to hold; each says whether it did. */
const OPERATIONS: Record<string, (fixture: JobStoreFixture, claim: ClaimedJob) => Promise<boolean>> = {
  complete: async ({ store }, claim) => (await store.settle([{ ...claim, status: 'completed', output: 'stale' }])).size === 1,
  fail: async ({ store }, claim) => (await store.settle([{ ...claim, status: 'failed', error: 'stale' }])).size === 1,
  retry: async ({ store }, claim) =>
    (await store.settle([{ ...claim, status: 'scheduled', delayMs: 9, error: 'stale' }])).size === 1,
  release: async ({ store }, claim) => (await store.settle([{ ...claim, status: 'pending', isRefunded: true }])).size === 1,
  progress: ({ store }, claim) => store.recordProgress(claim, 'stale'),
  completeWithin: (fixture, claim) => fixture.transactional((em) => fixture.store.completeWithin(em, claim, 'stale')),
  'complete with a claim': async ({ store }, claim) =>
    (await store.claim(claimRequest({ workerId: 'stale', shares: [], completed: [claim] }))).heldCount === 1,
};

/** What may have become of its job meanwhile. */
const CHANGES: Record<string, (fixture: JobStoreFixture, claim: ClaimedJob) => Promise<unknown>> = {
  rescued: (fixture) => crash(fixture),
  're-claimed': async (fixture) => {
    await crash(fixture);
    const again = await fixture.claimOne({ workerId: 'other' });
    await fixture.store.recordProgress(again, 'newer');
  },
  're-claimed by the same worker': async (fixture, claim) => {
    await fixture.store.settle([{ ...claim, status: 'pending', isRefunded: true }]);
    await fixture.claimOne();
  },
  're-claimed and completed': async (fixture) => {
    await crash(fixture);
    await fixture.store.settle([{ ...(await fixture.claimOne()), status: 'completed', output: 'newer' }]);
  },
  cancelled: (fixture, { id }) => fixture.transactional((em) => fixture.store.cancel(em, [id])),
  deleted: (fixture, { id }) => fixture.execute('delete from sys_jobs where id = ?', [id]),
};

/** The worker that has the job dies, and another notices. */
async function crash({ clock, store }: JobStoreFixture): Promise<void> {
  clock.advance(DEAD_AFTER_MS + 1);
  expect(await store.rescue({ deadAfterMs: DEAD_AFTER_MS, maxCrashes: 5 })).toMatchObject({ rescued: 1 });
}

describe.each(['sqlite', 'postgresql'] as const)(`The fence of ${JobStore.name} on %s`, (database) => {
  let fixture: JobStoreFixture;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open(database);
  });
  beforeEach(() => fixture.clear());
  afterAll(() => fixture.close());

  const claimed = async (): Promise<ClaimedJob> => {
    await fixture.add({});
    return fixture.claimOne({ workerId: await fixture.register() });
  };
  const rows = () => fixture.execute('select * from sys_jobs order by id');

  it.each(Object.keys(OPERATIONS))('lets the holder of a claim %s', async (operation) => {
    const claim = await claimed();
    const before = await rows();
    expect(await OPERATIONS[operation]!(fixture, claim)).toBe(true);
    expect(await rows()).not.toEqual(before);
  });

  describe.each(Object.keys(OPERATIONS))('of a job that was claimed before', (operation) => {
    const claimedAgain = async () => {
      await claimed();
      await crash(fixture);
      return fixture.claimOne({ workerId: await fixture.register() });
    };

    it(`lets its holder ${operation}`, async () => {
      const claim = await claimedAgain();
      expect(claim.claimToken).toBe(2);
      expect(await OPERATIONS[operation]!(fixture, claim)).toBe(true);
    });

    it(`keeps a stale claim from having it ${operation}`, async () => {
      const claim = await claimedAgain();
      await crash(fixture);
      await fixture.claimOne({ workerId: await fixture.register() });
      const before = await rows();
      expect(await OPERATIONS[operation]!(fixture, claim)).toBe(false);
      expect(await rows()).toEqual(before);
    });
  });

  describe.each(Object.keys(OPERATIONS))('keeps a stale claim from having its job %s', (operation) => {
    it.each(Object.keys(CHANGES))('that was %s', async (change) => {
      const claim = await claimed();
      await CHANGES[change]!(fixture, claim);
      const before = await rows();
      expect(await OPERATIONS[operation]!(fixture, claim)).toBe(false);
      expect(await rows()).toEqual(before);
    });
  });
});
