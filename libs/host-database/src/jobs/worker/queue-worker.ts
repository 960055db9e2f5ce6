import { WorkerShutdownError } from '../jobs.errors.js';
import type { ClaimedJob, JobClaim, JobOutcome, LostClaim } from '../store/index.js';
import { Appetite, JOBS_AT_ONCE, MAX_TURNS } from './appetite.js';
import { JobAttempt } from './job-attempt.js';
import { endingOf, type Ending, giveBack } from './job-ending.js';
import { type EndedJobs, EndedJobsLedger } from './ended-jobs.js';
import { FairBuffer } from './fair-buffer.js';
import { giveBackForgottenClaims } from './forgotten-claims.js';
import { Gathering } from './gathering.js';
import { JobsFetcher } from './jobs-fetcher.js';
import type { QueueWorkerContext } from './queue-worker.context.js';
import { RetryPause } from './retry-pause.js';
import { RunningJobs } from './running-jobs.js';
import { settleOneByOne } from './settle-one-by-one.js';
import { isSuspect } from './suspects.js';
import { SuspectsAdmission } from './suspects-admission.js';
import { TurnsUnderWay } from './turns-under-way.js';

/** After so many failures in a row the outcomes are recorded one by one: one that the database refuses must not hold up the others. */
const ONE_BY_ONE_AFTER = 3;

/**
 * Works on one queue: fetches, runs several jobs at a time and records how they ended. Each turn is one statement, which records what
 * has ended since the last one and claims what is run next, while the jobs at hand go on.
 */
export class QueueWorker {
  private readonly running = new RunningJobs();
  private readonly buffer = new FairBuffer();
  private readonly appetite: Appetite;
  private readonly suspects: SuspectsAdmission;
  private readonly fetcher: JobsFetcher;
  private readonly ended = new EndedJobsLedger();
  private readonly turns = new TurnsUnderWay();
  private readonly retry = new RetryPause();
  private readonly gathering = new Gathering();
  private mayHaveForgotten = false;
  private isStopping = false;
  private hasEnded = false;
  private readonly idle: (() => void)[] = [];

  constructor(private readonly context: QueueWorkerContext) {
    this.appetite = new Appetite(context.concurrency, context.prefetch);
    const { running, buffer, ended } = this;
    this.suspects = new SuspectsAdmission(context.concurrency, { running, buffer, ended }, (refused) => this.settle(refused));
    this.fetcher = new JobsFetcher(context, this.buffer, () => this.pump());
  }

  get queue(): string {
    return this.context.queue;
  }

  /** Looks for work now: there may be some, perhaps of a tenant that had none. */
  wake(): void {
    this.fetcher.invite();
    this.pump();
  }

  /** Every claim that this worker believes to hold. */
  get claims(): JobClaim[] {
    return [...this.running.jobs, ...this.buffer.peek()];
  }

  /** The claims of jobs that have run for so long that somebody may have had second thoughts. */
  claimsOlderThan(ms: number): JobClaim[] {
    return this.running.olderThan(ms);
  }

  /** Gives up jobs that are no longer this worker's: their handlers are asked to end, and what they still do is not recorded. */
  lose(lost: readonly (LostClaim & JobClaim)[]): void {
    this.buffer.remove(lost);
    this.running.lose(lost);
    this.pump();
  }

  /** Gives up everything, until it is woken: others have taken this process for dead. */
  loseAll(): void {
    this.fetcher.dismiss();
    this.buffer.drain();
    this.running.loseAll();
  }

  /** Ends attempts that have taken too long, and goes on without those that do not end. */
  watch(): void {
    for (const attempt of this.running.watch(this.context.abortGraceMs)) this.abandon(attempt);
  }

  /** Takes no more jobs, and gives back at once those that it has not begun. */
  close(): void {
    this.isStopping = true;
    this.fetcher.close();
    this.ended.addOutcomes(this.buffer.drain().map(giveBack));
    this.pump();
  }

  /** Asks the running jobs to end. */
  abort(): void {
    this.running.abort();
  }

  /** Goes on without the jobs that still run; they are given back. */
  abandonAll(): void {
    for (const attempt of this.running.all) this.abandon(attempt);
  }

  /** Looks whether the database has claims of this worker that the worker does not know of. */
  reconcile(): void {
    this.mayHaveForgotten = true;
    this.pump();
  }

  /** Gives up what could not be recorded: others take those jobs over. */
  end(): void {
    this.hasEnded = true;
    this.retry.end();
    this.gathering.end();
  }

  /** Resolves once nothing is running and everything is recorded. */
  async whenIdle(): Promise<void> {
    if (!this.isIdle) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private get isIdle(): boolean {
    return this.running.size === 0 && this.turns.count === 0 && this.ended.size === 0;
  }

  private pump(): void {
    while (!this.isStopping && this.running.size < this.context.concurrency) {
      const job = this.buffer.take();
      if (!job) break;
      this.begin(job);
    }
    if (this.isLookTurn) void this.lookForOthers();
    while (this.isTurn) void this.turn();
    if (this.isIdle) for (const resolve of this.idle.splice(0)) resolve();
  }

  private get isTurn(): boolean {
    if (this.hasEnded || this.retry.isOn) return false;
    // What has been forgotten is told from what is being claimed when nothing is.
    if (this.mayHaveForgotten) return this.turns.count === 0;
    // What it would do first is in the way of what the look is for.
    if (this.turns.isLooking && !this.context.store.hasConcurrentWriters) return false;
    const beside = this.turns.ordinary;
    if (beside === 0) return this.isHungry || (this.ended.size > 0 && !this.isGathering);
    // Another one beside it is for a lot of short jobs only.
    const isALot = this.ended.completedCount >= this.appetite.batch || this.isHungry;
    return isALot && beside < MAX_TURNS && this.appetite.batch > this.context.concurrency;
  }

  /** Whether more jobs are worth a statement: a good part of what may be held is missing. */
  private get isHungry(): boolean {
    return !this.isStopping && this.fetcher.isInvited && !this.fetcher.isBlind && this.capacity >= this.appetite.batch;
  }

  /**
   * Whether to look for tenants that are not known to have work. The turns under way are of a size that pays where there is a lot of
   * it: a tenant with a few jobs must not wait for them, in the long line of another.
   */
  private get isLookTurn(): boolean {
    if (this.hasEnded || this.isStopping || this.turns.isLooking || this.mayHaveForgotten || this.retry.isOn) return false;
    // Where statements run one after the other anyway, one more of them only makes the line longer.
    if (this.turns.count > 0 && !this.context.store.hasConcurrentWriters) return false;
    return this.fetcher.isInvited && this.fetcher.isLookDue && this.roomForOthers > 0;
  }

  /** Whether what has ended waits for what ends next, there being more to run meanwhile; nor is it to be in the way of a look. */
  private get isGathering(): boolean {
    return (this.gathering.isOn || this.turns.isLooking) && !this.isStopping && this.buffer.size > 0;
  }

  private get held(): number {
    return this.running.size + this.buffer.size + this.turns.expected;
  }

  private get roomForOthers(): number {
    return this.appetite.roomForOthers(this.held, this.buffer.guestCount, this.turns.count > 0);
  }

  private get capacity(): number {
    return this.appetite.roomBeside(this.held);
  }

  private async turn(): Promise<void> {
    const wanted = this.isStopping ? 0 : Math.min(this.capacity, JOBS_AT_ONCE);
    const end = this.turns.begin('turn', wanted);
    let unrecorded = this.ended.take();
    let hasAsked = unrecorded.outcomes.length > 0 || this.mayHaveForgotten;
    try {
      if (this.mayHaveForgotten) await this.giveBackForgotten(unrecorded);
      if (unrecorded.outcomes.length > 0) await this.settle(unrecorded.outcomes);
      this.ended.forget(unrecorded.outcomes);
      unrecorded = { ...unrecorded, outcomes: [] };
      const { completed, freed } = unrecorded;
      const workerId = this.context.workerId();
      const fetched = await this.fetcher.fetch({ wanted, completed, isStopping: this.isStopping });
      this.ended.forget(completed);
      hasAsked ||= fetched.hasAsked;
      unrecorded = { ...unrecorded, completed: [] };
      await this.take(fetched.jobs, workerId === this.context.workerId());
      if (fetched.lostCount > 0) {
        this.context.logger.warn(
          `${fetched.lostCount} jobs of queue ${this.queue} were cancelled or taken by others as they ended.`,
        );
      }
      if (freed.length > 0) {
        await this.context.store.unblock(this.queue, freed);
        this.fetcher.invite();
      }
      this.retry.reset();
    } catch (error) {
      hasAsked = true;
      this.ended.putBack(unrecorded);
      this.backOff(error);
    } finally {
      end();
    }
    // Under a cap, others wait for what has ended.
    if (!this.context.limits && !this.hasEnded) this.gathering.begin(() => this.pump());
    if (hasAsked) this.pump();
    // Nothing was waited for: others get their turn before this is tried again.
    else setImmediate(() => this.pump());
  }

  private async lookForOthers(): Promise<void> {
    const wanted = this.roomForOthers;
    const end = this.turns.begin('look', wanted);
    try {
      const workerId = this.context.workerId();
      const jobs = await this.fetcher.fetchForOthers(wanted);
      await this.take(jobs, workerId === this.context.workerId(), { areGuests: true });
    } catch (error) {
      this.backOff(error);
    } finally {
      end();
    }
    this.pump();
  }

  private async settle(outcomes: readonly JobOutcome[]): Promise<void> {
    if (this.retry.failures < ONE_BY_ONE_AFTER) await this.context.store.settle(outcomes);
    else await settleOneByOne(this.context.store, outcomes);
    const delaysMs = outcomes.flatMap(({ status, delayMs = 0 }) => (status === 'scheduled' ? delayMs : []));
    if (delaysMs.length > 0) this.context.onScheduled(Math.min(...delaysMs));
    if (outcomes.some(({ status }) => status === 'pending')) this.context.onGivenBack();
  }

  private async take(claimed: readonly ClaimedJob[], isStillOurs: boolean, { areGuests = false } = {}): Promise<void> {
    if (this.isStopping || !isStillOurs) this.ended.addOutcomes(claimed.map(giveBack));
    else if (claimed.some(isSuspect)) await this.suspects.admit(claimed);
    else this.buffer.add(claimed, { areGuests });
  }

  private async giveBackForgotten({ completed, outcomes }: EndedJobs): Promise<void> {
    const known = [...[...this.claims, ...completed, ...outcomes].map(({ id }) => id), ...this.ended.ids];
    await giveBackForgottenClaims(this.context, known);
    this.mayHaveForgotten = false;
  }

  private begin(job: ClaimedJob): void {
    const handler = this.context.registry.find(job.jobType);
    if (!handler) {
      this.ended.addOutcomes([giveBack(job)]);
      return;
    }
    const attempt = new JobAttempt(job, handler, this.context.defaults, this.context.store);
    this.running.add(attempt);
    void this.context.runner.run(attempt).then((ending) => this.finish(attempt, ending));
  }

  private finish(attempt: JobAttempt, ending: Ending): void {
    if (!this.running.remove(attempt)) return;
    this.appetite.digest(performance.now() - attempt.startedAt);
    const { job } = attempt;
    if (isSuspect(job) && (ending === 'completed' || typeof ending === 'object')) this.ended.addSuspect(job);
    if (ending === 'completed') this.ended.addCompleted(job);
    else if (typeof ending === 'object') this.ended.addOutcomes([ending]);
    const { fairnessKey, concurrencyKey } = job;
    if (concurrencyKey !== null && this.context.limits) this.ended.addFreed({ fairnessKey, concurrencyKey });
    // A place that became free under a cap, or in this process, is one to fill.
    if (this.context.limits) this.fetcher.invite();
    this.pump();
  }

  private abandon(attempt: JobAttempt): void {
    const reason = attempt.abortReason ?? new WorkerShutdownError(attempt.id);
    attempt.abort(reason);
    this.context.logger.warn(`${attempt.handler.name} does not end although it was asked to: ${reason.message}`);
    this.finish(attempt, endingOf(attempt, reason, this.context.logger));
  }

  /** A database that cannot be reached is asked again, ever more seldom. What has ended meanwhile is kept. */
  private backOff(error: unknown): void {
    this.mayHaveForgotten = true;
    this.fetcher.invite();
    const delayMs = this.retry.begin(() => this.pump());
    this.context.logger.error(`Queue ${this.queue} is tried again in ${Math.round(delayMs)} ms: ${String(error)}`);
  }
}
