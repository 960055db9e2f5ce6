import { setTimeout as delay } from 'node:timers/promises';
import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { type Clock, genId, SystemClock } from '../../src/common/index.js';
import {
  DatabaseSettings,
  type DatabaseType,
  type DirectConnection,
  hostOrmOptions,
  prepareHostOrm,
} from '../../src/database/index.js';
import { directConnection } from '../../src/database/direct-connection/index.js';
import { jobEntities } from '../../src/jobs/job-entities.js';
import { type ClaimedJob, type ClaimRequest, createJobStore, type JobStore, type NewJob } from '../../src/jobs/store/index.js';
import { SystemJob } from '../../src/jobs/system-job.entity.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { scratchDatabase } from '../scratch-database.js';

/** What the builders below write where a test says nothing else. */
export const JOB_TYPE = 'store.do-work';
export const QUEUE = 'default';

/** A host database of a spec's own with the queue's statements on it, at a time that only the spec moves. */
export class JobStoreFixture {
  readonly clock = new FakeClock();
  /** As one process has it. */
  readonly store: JobStore;
  private readonly connections: DirectConnection[] = [];

  private constructor(
    readonly orm: MikroORM,
    private readonly settings: DatabaseSettings,
    private readonly drop: () => Promise<void>,
  ) {
    this.store = this.connect();
  }

  static async open(type: DatabaseType): Promise<JobStoreFixture> {
    const { options, drop } = await scratchDatabase(type);
    const orm = await MikroORM.init(await hostOrmOptions({ database: options, entities: jobEntities }));
    await prepareHostOrm(orm, options, 'on-boot');
    return new JobStoreFixture(orm, DatabaseSettings.from(options), drop);
  }

  /** The store of one more process, with connections of its own. */
  connect(clock: Clock = this.clock): JobStore {
    return createJobStore(this.connectDirectly(), clock);
  }

  connectDirectly(): DirectConnection {
    const connection = directConnection(this.orm, this.settings);
    if (connection.type === 'postgresql') waitForLocks(connection);
    this.connections.push(connection);
    return connection;
  }

  /** The store of one more process, which goes by the database's own clock. */
  connectWithSystemClock(): JobStore {
    return this.connect(new SystemClock());
  }

  /** Runs `work` in a transaction, as callers of the library do. */
  transactional<T>(work: (em: SqlEntityManager) => Promise<T>): Promise<T> {
    return (this.orm.em.fork() as SqlEntityManager).transactional((em) => work(em));
  }

  /** Writes jobs and returns their ids. */
  async add(...jobs: Partial<NewJob>[]): Promise<string[]> {
    const inserted = await this.transactional((em) =>
      this.store.insert(
        em,
        jobs.map((job) => newJob({ createdAt: this.clock.now(), ...job })),
      ),
    );
    return inserted.map(({ id }) => id);
  }

  async job(id: string): Promise<SystemJob> {
    return this.orm.em.fork().findOneOrFail(SystemJob, id);
  }

  jobs(): Promise<SystemJob[]> {
    return this.orm.em.fork().find(SystemJob, {}, { orderBy: { id: 'asc' } });
  }

  /** Runs a statement of the test's own. */
  execute<T extends object>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return (this.orm.em.fork() as SqlEntityManager).execute(sql, [...parameters]);
  }

  /** PostgreSQL: resolves once so many statements of this database, with such a text in them, wait for a lock. */
  async whenWaiting(count: number, text = ''): Promise<void> {
    const waiting = 'select 1 from pg_stat_activity where datname = current_database() and wait_event_type = ? and query like ?';
    while ((await this.execute(waiting, ['Lock', `%${text}%`])).length < count) await delay(2);
  }

  /** Claims up to `count` jobs of one tenant. */
  async claim(count = 1, request: Partial<ClaimRequest> & { store?: JobStore } = {}): Promise<readonly ClaimedJob[]> {
    const { store = this.store, ...rest } = request;
    return (await store.claim(claimRequest({ shares: [{ fairnessKey: '', count }], ...rest }))).jobs;
  }

  async claimOne(request: Partial<ClaimRequest> & { store?: JobStore } = {}): Promise<ClaimedJob> {
    const [job] = await this.claim(1, request);
    if (!job) throw new Error('There was no job to claim.');
    return job;
  }

  /** Makes a worker known and returns its id. */
  async register(jobTypes: readonly string[] = [JOB_TYPE], queues: readonly string[] = [QUEUE]): Promise<string> {
    const id = genId();
    await this.store.register({ id, host: 'host', pid: 1, queues, jobTypes });
    return id;
  }

  /** Empties the tables. */
  async clear(): Promise<void> {
    for (const table of ['sys_jobs', 'sys_job_workers', 'sys_job_limits', 'sys_job_schedules']) {
      await this.execute(`delete from ${table}`);
    }
  }

  async close(): Promise<void> {
    for (const connection of this.connections) await connection.onApplicationShutdown();
    await this.orm.close(true);
    await this.drop();
  }
}

/** A worker is told after two seconds that a lock is not to be had, and tries again. A spec does not, and may stand still for as long. */
function waitForLocks(connection: Extract<DirectConnection, { type: 'postgresql' }>): void {
  const transaction = connection.transaction.bind(connection);
  connection.transaction = (work) =>
    transaction(async (query) => {
      await query(`set local lock_timeout = '25s'`);
      return work(query);
    });
}

export function newJob(job: Partial<NewJob> = {}): NewJob {
  return {
    id: genId(),
    jobType: JOB_TYPE,
    queue: QUEUE,
    tenantId: null,
    actorUserId: null,
    priority: 0,
    payload: null,
    maxAttempts: null,
    uniqueKey: null,
    concurrencyKey: null,
    traceContext: null,
    createdAt: new Date('2030-01-01T00:00:00.000Z'),
    ...job,
  };
}

export function claimRequest(request: Partial<ClaimRequest> = {}): ClaimRequest {
  return { queue: QUEUE, workerId: 'worker', jobTypes: [JOB_TYPE], shares: [{ fairnessKey: '', count: 1 }], ...request };
}
