import assert from 'node:assert/strict';
import { type Arbitrary, array, constant, constantFrom, nat, oneof, record } from 'fast-check';
import { genId } from '../../src/common/index.js';
import type { JobClaim, JobOutcome, JobStore } from '../../src/jobs/store/index.js';
import { claimRequest, type JobStoreFixture, newJob, QUEUE } from './job-store-fixture.js';
import { DEAD_AFTER_MS, isLive, MAX_CRASHES, type ModelJob, QueueModel } from './queue-model.js';

const TENANTS = ['', 'a'.repeat(32), 'b'.repeat(32)];
const WORKERS = [0, 1, 2];

/** One thing that happens to a queue. Claims and jobs are named by how long ago they were made, 0 being the last one. */
export type Operation =
  | { readonly does: 'enqueue'; readonly job: Omit<Parameters<QueueModel['enqueue']>[0], 'id'> }
  | { readonly does: 'claim'; readonly worker: number; readonly count: number }
  | { readonly does: 'complete' | 'fail' | 'retry' | 'release' | 'complete with a claim'; readonly claim: number }
  | { readonly does: 'crash'; readonly worker: number }
  | { readonly does: 'cancel'; readonly job: number }
  | { readonly does: 'tick'; readonly ms: number }
  | { readonly does: 'rescue' | 'redrive' };

const OUTCOMES = {
  complete: { status: 'completed', output: 'done' },
  fail: { status: 'failed', error: 'no' },
  retry: { status: 'scheduled', delayMs: 2_000, error: 'not yet' },
  release: { status: 'pending', isRefunded: true },
} as const satisfies Record<string, Omit<JobOutcome, 'id' | 'claimToken'>>;

const operationOf: Arbitrary<Operation> = oneof(
  {
    weight: 4,
    arbitrary: record({
      does: constant('enqueue'),
      job: record({
        fairnessKey: constantFrom(...TENANTS),
        priority: nat(2),
        delayMs: constantFrom(0, 0, 0, 1_000, 10_000),
        uniqueKey: constantFrom(null, null, 'one', 'two'),
        maxAttempts: constantFrom(null, null, 1, 2),
      }),
    }),
  },
  { weight: 5, arbitrary: record({ does: constant('claim'), worker: constantFrom(...WORKERS), count: constantFrom(1, 2, 5) }) },
  {
    weight: 7,
    arbitrary: record({
      does: constantFrom('complete', 'fail', 'retry', 'release', 'complete with a claim'),
      claim: nat(6),
    }),
  },
  { weight: 2, arbitrary: record({ does: constant('crash'), worker: constantFrom(...WORKERS) }) },
  { weight: 2, arbitrary: record({ does: constant('cancel'), job: nat(9) }) },
  { weight: 4, arbitrary: record({ does: constant('tick'), ms: constantFrom(1, 1_000, 5_000, DEAD_AFTER_MS) }) },
  { weight: 3, arbitrary: record({ does: constantFrom('rescue', 'redrive') }) },
);

/** What happens to a queue in its life. */
export const operations: Arbitrary<Operation[]> = array(operationOf, { minLength: 1, maxLength: 40, size: 'max' });

/**
 * Lets the same things happen to a store and to the model, and compares the two after each of them.
 *
 * @throws AssertionError where they differ
 */
export async function play(fixture: JobStoreFixture, store: JobStore, life: readonly Operation[]): Promise<void> {
  await fixture.clear();
  const game = await QueueGame.begin(fixture, store);
  for (const each of life) {
    await game.play(each);
    await game.check(each);
  }
}

class QueueGame {
  private readonly model: QueueModel;
  /** Every claim that was ever made, also those that hold no longer. */
  private readonly claims: JobClaim[] = [];
  private readonly workers: { id: string; isSilent: boolean }[] = [];
  private before = new Map<string, ModelJob>();

  private constructor(
    private readonly fixture: JobStoreFixture,
    private readonly store: JobStore,
  ) {
    this.model = new QueueModel(fixture.clock.now().getTime());
  }

  static async begin(fixture: JobStoreFixture, store: JobStore): Promise<QueueGame> {
    const game = new QueueGame(fixture, store);
    for (const worker of WORKERS) await game.start(worker);
    return game;
  }

  async play(operation: Operation): Promise<void> {
    switch (operation.does) {
      case 'enqueue':
        return this.enqueue(operation.job);
      case 'claim':
        return this.claim(operation.worker, operation.count);
      case 'complete with a claim':
        return this.completeWithClaim(this.claims.at(-1 - operation.claim));
      case 'crash':
        this.workers[operation.worker]!.isSilent = true;
        return undefined;
      case 'cancel':
        return this.cancel([...this.model.jobs.keys()].at(-1 - operation.job));
      case 'tick':
        return this.tick(operation.ms);
      case 'rescue':
        return this.rescue();
      case 'redrive':
        return this.redrive();
      default:
        return this.settle(this.claims.at(-1 - operation.claim), OUTCOMES[operation.does]);
    }
  }

  /** What holds after everything that may happen. */
  async check({ does }: Operation): Promise<void> {
    const rows = new Map((await this.rows()).map((row) => [row.id, row]));
    // Nothing is lost, nothing comes from nowhere, and each job is what the model says.
    assert.deepEqual(
      [...rows.values()],
      [...this.model.jobs.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
    for (const [id, before] of this.before) {
      const after = rows.get(id);
      assert.ok(after && after.claimToken >= before.claimToken, `the claim token of ${id} went down`);
      if (!isLive(before) && does !== 'redrive') assert.deepEqual(after, before, `${id} had ended`);
    }
    const made = this.claims.map(({ id, claimToken }) => `${id}:${claimToken}`);
    assert.equal(new Set(made).size, made.length, 'a claim was made twice');
    this.before = rows;
  }

  private async start(worker: number): Promise<void> {
    const id = genId();
    this.workers[worker] = { id, isSilent: false };
    this.model.workers.set(id, this.now);
    await this.store.register({ id, host: 'host', pid: worker, queues: [QUEUE], jobTypes: [] });
  }

  private async enqueue(job: Omit<Parameters<QueueModel['enqueue']>[0], 'id'>): Promise<void> {
    const id = genId();
    const { fairnessKey, ...rest } = job;
    const [inserted] = await this.fixture.transactional((em) =>
      this.store.insert(em, [newJob({ id, tenantId: fairnessKey || null, ...rest })]),
    );
    const expected = this.model.enqueue({ id, ...job });
    assert.deepEqual(inserted, { id: expected, isNew: expected === id });
  }

  private async claim(worker: number, count: number): Promise<void> {
    // A process that died comes back as another worker; what the old one has claimed it may still try to settle.
    if (this.workers[worker]!.isSilent) await this.start(worker);
    const { id: workerId } = this.workers[worker]!;
    const shares = TENANTS.map((fairnessKey) => ({ fairnessKey, count }));
    const { jobs } = await this.store.claim(claimRequest({ workerId, shares }));
    const claims = jobs.map(({ id, claimToken }) => ({ id, claimToken }));
    assert.deepEqual(
      claims,
      this.model.claim(workerId, TENANTS, count).map(({ id, claimToken }) => ({ id, claimToken })),
    );
    this.claims.push(...claims);
  }

  private async settle(claim: JobClaim | undefined, outcome: Omit<JobOutcome, 'id' | 'claimToken'>): Promise<void> {
    if (!claim) return;
    const held = await this.store.settle([{ ...claim, ...outcome }]);
    assert.equal(held.has(claim.id), this.model.settle({ ...claim, ...outcome }), 'whether the claim held');
  }

  private async completeWithClaim(claim: JobClaim | undefined): Promise<void> {
    if (!claim) return;
    const { heldCount } = await this.store.claim(claimRequest({ shares: [], completed: [claim] }));
    assert.equal(heldCount === 1, this.model.settle({ ...claim, status: 'completed' }), 'whether the claim held');
  }

  private async cancel(id: string | undefined): Promise<void> {
    if (id === undefined) return;
    const cancelled = await this.fixture.transactional((em) => this.store.cancel(em, [id]));
    assert.equal(cancelled.length === 1, this.model.cancel(id));
  }

  /** Time goes by; whoever is alive says so, and what is due is made pending. */
  private async tick(ms: number): Promise<void> {
    this.fixture.clock.advance(ms);
    this.model.advance(ms);
    for (const { id, isSilent } of this.workers) {
      if (isSilent) continue;
      const { isAlive } = await this.store.beat({ workerId: id, deadAfterMs: DEAD_AFTER_MS, queues: [], schedules: [] });
      assert.equal(isAlive, this.model.workers.has(id));
      if (isAlive) this.model.workers.set(id, this.now);
    }
    await this.store.promote(1_000);
    this.model.promote();
  }

  private async rescue(): Promise<void> {
    const { rescued } = await this.store.rescue({ deadAfterMs: DEAD_AFTER_MS, maxCrashes: MAX_CRASHES });
    assert.equal(rescued, this.model.rescue());
  }

  private async redrive(): Promise<void> {
    const queues = await this.fixture.transactional((em) => this.store.redrive(em, {}, 1_000));
    assert.equal(queues.length, this.model.redrive());
  }

  private get now(): number {
    return this.fixture.clock.now().getTime();
  }

  private async rows(): Promise<ModelJob[]> {
    return (await this.fixture.jobs()).map((job) => ({
      id: job.id,
      fairnessKey: job.fairnessKey,
      priority: job.priority,
      uniqueKey: job.uniqueKey ?? null,
      maxAttempts: job.maxAttempts ?? null,
      status: job.status,
      attempt: job.attempt,
      crashCount: job.crashCount,
      claimToken: job.claimToken,
      workerId: job.workerId ?? null,
      availableAt: job.availableAt?.getTime() ?? null,
      completedAt: job.completedAt?.getTime() ?? null,
    }));
  }
}
