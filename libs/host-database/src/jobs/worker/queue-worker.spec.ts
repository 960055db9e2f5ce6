import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { claimedJob } from '../../../test/jobs/claimed-job.js';
import { JobHandlersRegistry } from '../job-handlers.registry.js';
import type { ClaimedJob, ClaimRequest, JobOutcome, JobStore } from '../store/index.js';
import type { JobAttempt } from './job-attempt.js';
import type { Ending } from './job-ending.js';
import type { JobRunner } from './job-runner.js';
import { QueueWorker } from './queue-worker.js';

const TYPE = 'mails.send-welcome';

interface HeldClaim {
  readonly request: ClaimRequest;
  answer(jobs: readonly ClaimedJob[]): void;
}

/** Lets the test decide when the database answers a claim, and when a handler ends. */
class SlowDatabase {
  readonly claims: HeldClaim[] = [];
  readonly outcomes: JobOutcome[] = [];
  readonly started: string[] = [];
  private readonly ends = new Map<string, (ending: Ending) => void>();

  readonly store = {
    findReadyTenants: async () => ['tenant'],
    claim: (request: ClaimRequest) =>
      new Promise((resolve) => {
        const heldCount = request.completed?.length ?? 0;
        this.claims.push({ request, answer: (jobs) => resolve({ jobs, heldCount }) });
      }),
    settle: async (outcomes: readonly JobOutcome[]) => {
      this.outcomes.push(...outcomes);
    },
  } as unknown as JobStore;

  readonly runner = {
    run: (attempt: JobAttempt) => {
      this.started.push(attempt.id);
      return new Promise<Ending>((resolve) => this.ends.set(attempt.id, resolve));
    },
  } as unknown as JobRunner;

  complete(id: string): void {
    this.ends.get(id)?.('completed');
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe(QueueWorker.name, () => {
  let database: SlowDatabase;
  let sut: QueueWorker;

  beforeEach(() => {
    database = new SlowDatabase();
    const registry = new JobHandlersRegistry();
    registry.register(TYPE, { name: 'Mails.sendWelcome()', handle: () => undefined, options: {} });
    sut = new QueueWorker({
      queue: 'default',
      concurrency: 10,
      prefetch: 0,
      limits: undefined,
      defaults: { maxAttempts: 3, timeoutMs: 60_000 },
      abortGraceMs: 1_000,
      store: database.store,
      runner: database.runner,
      registry,
      logger: new Logger('Jobs'),
      workerId: () => 'worker',
      mayClaim: () => true,
      onGivenBack: () => undefined,
      onScheduled: () => undefined,
    });
  });
  afterEach(() => sut.end());

  const job = (id: string) => claimedJob({ id, jobType: TYPE, fairnessKey: 'tenant' });
  const suspect = (id: string) => claimedJob({ id, jobType: TYPE, fairnessKey: 'tenant', crashCount: 2 });
  /** Answers the claim that is under way. */
  const answer = async (index: number, ...jobs: readonly ClaimedJob[]) => {
    database.claims[index]?.answer(jobs);
    await settled();
  };
  const beginClaims = async () => {
    sut.wake();
    await settled();
  };

  describe('with more jobs than it runs at a time', () => {
    const twelve = Array.from({ length: 12 }, (_, index) => job(`job-${index}`));
    beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] }));
    afterEach(() => void jest.useRealTimers());

    it('records what ends beside jobs that wait with what ends next, and at once where none waits', async () => {
      await beginClaims();
      await answer(0, ...twelve);
      expect(database.started).toHaveLength(10);
      database.complete('job-0');
      await settled();
      // Two wait, one of which begins: what has ended is kept for a moment.
      expect([database.started.length, database.claims.length]).toEqual([11, 1]);
      database.complete('job-1');
      await settled();
      expect(database.started).toHaveLength(12);
      // None waits any more.
      const [, second] = database.claims;
      expect(second?.request.completed).toMatchObject([{ id: 'job-0' }, { id: 'job-1' }]);
    });

    it('records what has ended by itself after a moment', async () => {
      await beginClaims();
      await answer(0, ...twelve);
      database.complete('job-0');
      await settled();
      expect(database.claims).toHaveLength(1);
      jest.runAllTimers();
      await settled();
      expect(database.claims[1]?.request.completed).toMatchObject([{ id: 'job-0' }]);
      expect(database.started).toHaveLength(11);
    });
  });

  it('begins no job that may kill the process beside one whose end the database does not know yet', async () => {
    await beginClaims();
    await answer(0, suspect('innocent'));
    expect(database.started).toEqual(['innocent']);
    await beginClaims();
    // It ends while a claim is under way that cannot record it any more, and that brings the one which kills the process.
    database.complete('innocent');
    await settled();
    expect(database.claims[1]?.request.completed).toEqual([]);
    await answer(1, suspect('poison'));
    expect(database.started).toEqual(['innocent']);
    expect(database.outcomes).toMatchObject([{ id: 'poison', status: 'scheduled', isRefunded: true }]);

    expect(database.claims[2]?.request.completed).toMatchObject([{ id: 'innocent' }]);
    await answer(2);
    await beginClaims();
    await answer(3, suspect('poison'));
    expect(database.started).toEqual(['innocent', 'poison']);
  });
});
