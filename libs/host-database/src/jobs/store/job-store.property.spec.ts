import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assert, asyncProperty, check } from 'fast-check';
import { JobStoreFixture } from '../../../test/jobs/job-store-fixture.js';
import { operations, play } from '../../../test/jobs/queue-play.js';
import { JobStore } from './index.js';

/** How many lives of a queue are tried, as far as they fit into the time. PROPERTY_RUNS=5000 searches for as long as it takes. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 60);
const LIMIT = process.env.PROPERTY_RUNS === undefined ? { interruptAfterTimeLimit: 10_000 } : {};
const TIMEOUT_MS = 60_000 + RUNS * 1_000;

/** The same store, except that whoever settles shows the token that the job has now, as if nobody looked at it. */
function withoutFence(fixture: JobStoreFixture): JobStore {
  const tokenOf = async (id: string) => (await fixture.jobs()).find((job) => job.id === id)?.claimToken ?? 0;
  const settle: JobStore['settle'] = async (outcomes) =>
    fixture.store.settle(await Promise.all(outcomes.map(async (each) => ({ ...each, claimToken: await tokenOf(each.id) }))));
  return new Proxy(fixture.store, {
    get: (store, name, receiver) => (name === 'settle' ? settle : (Reflect.get(store, name, receiver) as unknown)),
  });
}

describe.each(['sqlite', 'postgresql'] as const)(`${JobStore.name} on %s`, (database) => {
  let fixture: JobStoreFixture;

  beforeAll(async () => {
    fixture = await JobStoreFixture.open(database);
  });
  afterAll(() => fixture.close());

  it(
    'does what the model of a queue does, whatever happens in whatever order',
    async () => {
      const property = asyncProperty(operations, (life) => play(fixture, fixture.store, life));
      await expect(assert(property, { numRuns: RUNS, ...LIMIT })).resolves.toBeUndefined();
    },
    TIMEOUT_MS,
  );

  it(
    'does not without its fence',
    async () => {
      const unfenced = withoutFence(fixture);
      const { failed, counterexample } = await check(
        asyncProperty(operations, (life) => play(fixture, unfenced, life)),
        { numRuns: 1_000, endOnFailure: true },
      );
      expect(failed).toBe(true);
      // The counterexample breaks nothing once the fence is there again.
      await expect(play(fixture, fixture.store, counterexample?.[0] ?? [])).resolves.toBeUndefined();
    },
    TIMEOUT_MS,
  );
});
