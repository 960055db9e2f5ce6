import { inspect } from 'node:util';
import { HostDatabaseError } from '../common/index.js';
import type { UnitOfWork } from '../database/index.js';
import { type JobsService, LIVE_JOB_STATUSES, type RunPendingOptions, SystemJob } from '../jobs/index.js';
import { isMatch, type JobMatch } from './job-match.js';

const LIVE = { status: { $in: [...LIVE_JOB_STATUSES] } };

/** Not the jobs that a test expects are enqueued. The message lists those that are. */
export class JobNotEnqueuedError extends HostDatabaseError {
  readonly code = 'TESTING_JOB_NOT_ENQUEUED';

  constructor(
    readonly jobType: string,
    readonly expected: JobMatch & { readonly count?: number },
    /** Every live job, of any type. */
    readonly enqueued: readonly SystemJob[],
  ) {
    const { count, ...match } = expected;
    const wanted = count === undefined ? 'at least one job' : `${count} ${count === 1 ? 'job' : 'jobs'}`;
    const looks = Object.keys(match).length === 0 ? '' : ` with ${inspect(match, { depth: null, breakLength: Infinity })}`;
    const list = enqueued.length === 0 ? ' nothing.' : `\n${enqueued.map(describe).join('\n')}`;
    super(`Expected ${wanted} ${jobType}${looks} to be enqueued. Enqueued is:${list}`);
  }
}

/** The jobs of a test: they run when it says so. A delayed one, or a retry, is due once the test has moved its clock there. */
export class TestJobs {
  constructor(
    private readonly jobs: JobsService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Runs the jobs that are due until none is left, and returns how many runs that took; one that failed says so in its row. */
  async drain(options: RunPendingOptions = {}): Promise<number> {
    return this.jobs.runPending(options);
  }

  /** Runs the job whose turn it is and returns it as it stands then; undefined when none is due. For tests without a worker. */
  async runOne({ types }: Pick<RunPendingOptions, 'types'> = {}): Promise<SystemJob | undefined> {
    const before = new Map((await this.find({})).map(({ id, claimToken }) => [id, claimToken]));
    if ((await this.jobs.runPending({ limit: 1, ...(types && { types }) })) === 0) return undefined;
    // Each claim raises the token.
    return (await this.find({})).find(({ id, claimToken }) => claimToken > (before.get(id) ?? 0));
  }

  /** The live jobs, the oldest first: those that wait, whatever for, and those that run. */
  async enqueued<const T extends string>(type?: T, match: JobMatch<T> = {}): Promise<SystemJob[]> {
    return (await this.find({ ...LIVE, ...(type !== undefined && { jobType: type }) })).filter((job) => isMatch(job, match));
  }

  /**
   * Returns the live jobs of a type that match.
   *
   * @param match.count how many there have to be; one or more, without it
   * @throws JobNotEnqueuedError listing what is enqueued instead
   */
  async expectEnqueued<const T extends string>(
    type: T,
    { count, ...match }: JobMatch<T> & { readonly count?: number } = {},
  ): Promise<SystemJob[]> {
    const found = await this.enqueued(type, match);
    const isExpected = count === undefined ? found.length > 0 : found.length === count;
    if (!isExpected)
      throw new JobNotEnqueuedError(type, { ...match, ...(count !== undefined && { count }) }, await this.enqueued());
    return found;
  }

  /** In the caller's transaction, which sees its own jobs; otherwise as everybody sees them. */
  private async find(where: object): Promise<SystemJob[]> {
    const { unitOfWork } = this;
    const find = () => unitOfWork.em.find(SystemJob, where, { orderBy: { id: 'asc' }, refresh: true });
    return unitOfWork.isInTransaction ? find() : unitOfWork.run(find);
  }
}

function describe({ jobType, status, queue, tenantId, payload }: SystemJob): string {
  const facts = { status, queue, ...(tenantId !== null && { tenantId }), payload };
  return `- ${jobType} ${inspect(facts, { depth: 6, breakLength: Infinity })}`;
}
