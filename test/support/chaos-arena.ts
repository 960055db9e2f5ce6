import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, type DatabaseType, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { type JobPayload, JobsService, type JobsOptions, type ManyJobsItem } from 'nestjs-host-database/jobs';
import type { ChaosEvent } from './chaos-handlers.js';
import { type Program, startProgram } from './child-process.js';
import { scratchDatabase } from './scratch-database.js';
import { until as untilSo } from './until.js';

/**
 * Whether the tests with processes that die run at full length: `CHAOS=full npm test -- test/chaos`. Without it each does the same on a
 * smaller scale.
 */
export const isFullChaos = process.env.CHAOS === 'full';

/** A worker that takes a death for one after less than a second, so that a test need not wait for it. */
export const QUICK_DEATHS = { heartbeatMs: 150, deadAfterMs: 600, pollIntervalMs: 100 } as const;

const INSERT_BATCH = 5_000;
const LIVE = `('pending', 'scheduled', 'blocked', 'parked', 'running')`;

/** A worker in a process of its own. */
export interface ChaosWorker extends Program {
  /** What its jobs have said so far. */
  events(): ChaosEvent[];
  /** Those after so many characters of its output, where there are too many to look at all of them again and again. */
  eventsAfter(length: number): ChaosEvent[];
  /** Kills it, or ends it as the signal says, and resolves when it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
  hasEnded(): boolean;
}

/** A database, the application that enqueues, and any number of workers in processes of their own. */
export interface ChaosArena {
  readonly type: DatabaseType;
  readonly jobs: JobsService;
  readonly options: DatabaseOptions;
  /** Starts one; resolves when it is ready. */
  readonly startWorker: (jobs?: Partial<JobsOptions>) => Promise<ChaosWorker>;
  /** Starts one that may die before it is ready. */
  readonly launchWorker: (jobs?: Partial<JobsOptions>) => ChaosWorker;
  /** Writes many jobs, batch by batch. */
  readonly enqueueMany: <const T extends string>(type: T, items: readonly ManyJobsItem<T>[]) => Promise<string[]>;
  readonly query: <T extends object>(sql: string, parameters?: readonly unknown[]) => Promise<T[]>;
  /** How many jobs there are in each status. */
  readonly counts: () => Promise<Record<string, number>>;
  /** How many jobs have work before them. */
  readonly countLive: () => Promise<number>;
  /** Asks again and again until it is so; throws after the time, with what the jobs are by then. */
  readonly until: (isSo: () => boolean | Promise<boolean>, timeoutMs: number) => Promise<void>;
  /** Waits until no job has work before it. */
  readonly untilAllEnded: (timeoutMs: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

@Module({})
class ArenaModule {}

/** Opens one, on a database of its own. */
async function openArena(type: DatabaseType, serverUrl?: string): Promise<ChaosArena> {
  const scratch = await scratchDatabase(type, serverUrl);
  const { options } = scratch;
  const host = HostDatabaseModule.forRoot({ database: options, jobs: { worker: false } });
  const app = await NestFactory.createApplicationContext({ module: ArenaModule, imports: [host] }, { logger: ['error'] });
  const jobs = app.get(JobsService);
  const hostDatabase = app.get(HostDatabase);
  const workers = new Set<ChaosWorker>();

  const query = <T extends object>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> =>
    hostDatabase.run((em) => em.execute(sql, [...parameters]));
  const counts = async () => {
    const rows = await query<{ status: string; count: number | string }>(
      'select status, count(*) as count from sys_jobs group by status',
    );
    return Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]));
  };
  const until = async (isSo: () => boolean | Promise<boolean>, timeoutMs: number) => {
    try {
      await untilSo(isSo, timeoutMs);
    } catch (cause) {
      throw new Error(`${String(cause)} The jobs: ${JSON.stringify(await counts())}`, { cause });
    }
  };
  const countLive = async () => {
    const [row] = await query<{ count: number }>(`select count(*) as count from sys_jobs where status in ${LIVE}`);
    return Number(row?.count);
  };
  const launchWorker = (jobsOptions: Partial<JobsOptions> = {}) => {
    const env = { DATABASE: JSON.stringify(options), JOBS: JSON.stringify(jobsOptions) };
    const worker = toWorker(startProgram('chaos-worker', { env }));
    workers.add(worker);
    return worker;
  };

  return {
    type,
    jobs,
    options,
    query,
    counts,
    until,
    countLive,
    launchWorker,
    async startWorker(jobsOptions) {
      const worker = launchWorker(jobsOptions);
      await worker.said(/^ready$/m);
      return worker;
    },
    async enqueueMany<const T extends string>(jobType: T, items: readonly ManyJobsItem<T>[]) {
      const ids: string[] = [];
      for (let at = 0; at < items.length; at += INSERT_BATCH) {
        const batch = items.slice(at, at + INSERT_BATCH);
        ids.push(...(await hostDatabase.run(() => jobs.enqueueMany(jobType, batch))));
      }
      return ids;
    },
    untilAllEnded: (timeoutMs) => until(async () => (await countLive()) === 0, timeoutMs),
    async close() {
      await Promise.all([...workers].map((worker) => worker.end()));
      await app.close();
      await scratch.drop();
    },
  };
}

/** As many equal jobs, for {@link ChaosArena.enqueueMany}. */
export function times<const T extends string>(count: number, payload: JobPayload<T>): ManyJobsItem<T>[] {
  return Array.from({ length: count }, () => ({ payload }));
}

/** Stops a worker with SIGSTOP where it holds no lock that others would wait for: of the file on SQLite, of rows on PostgreSQL. */
export async function stopAtRest({ type, query, until }: ChaosArena, { child }: ChaosWorker): Promise<void> {
  const probe =
    type === 'sqlite'
      ? 'update sys_jobs set id = id where 1 = 0'
      : 'select 1 from sys_jobs, sys_job_workers for update of sys_jobs, sys_job_workers nowait';
  await until(async () => {
    child.kill('SIGSTOP');
    const isFree = await query(probe).then(
      () => true,
      () => false,
    );
    if (!isFree) child.kill('SIGCONT');
    return isFree;
  }, 60_000);
}

/** The table that `chaos.count-up` counts in, and the one in which it signs. */
export async function createCounter({ query }: ChaosArena): Promise<void> {
  await query('create table chaos_counter (value integer not null)');
  await query('insert into chaos_counter (value) values (0)');
  await query('create table chaos_effects (job_id varchar(32) not null)');
}

/** What was counted, and by how many different jobs. */
export async function readCounter({ query }: ChaosArena) {
  const [row] = await query<{ value: number; effects: number; jobs: number }>(
    'select value, (select count(*) from chaos_effects) as effects, (select count(distinct job_id) from chaos_effects) as jobs from chaos_counter',
  );
  return { value: Number(row?.value), effects: Number(row?.effects), jobs: Number(row?.jobs) };
}

/** The most that went on at the same time. One that ends when another begins does not overlap with it. */
export function mostAtOnce(events: readonly ChaosEvent[]): number {
  const steps = events.map(({ event, at }) => ({ at, by: event === 'started' ? 1 : -1 }));
  let now = 0;
  let most = 0;
  for (const { by } of steps.toSorted((a, b) => a.at - b.at || a.by - b.by)) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

/** The value below which a part of the others is. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

/** Says a figure of a run at full length, which somebody reads. */
export function report(text: string): void {
  if (isFullChaos || process.env.CHAOS_FIGURES) process.stderr.write(`${text}\n`);
}

function toEvents(output: string): ChaosEvent[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as ChaosEvent);
}

function toWorker(program: Program): ChaosWorker {
  const { child } = program;
  return {
    ...program,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    events: () => toEvents(program.output()),
    eventsAfter: (length) => toEvents(program.output().slice(length)),
    async end(signal = 'SIGKILL') {
      child.kill(signal);
      await program.ended;
    },
  };
}

/** Runs a test that mostly waits on both dialects at the same time, each in an arena of its own. */
export async function onBothDialects(test: (arena: ChaosArena) => Promise<void>): Promise<void> {
  const runs = (['sqlite', 'postgresql'] as const).map((type) => inArena(type, test));
  await Promise.allSettled(runs);
  await Promise.all(runs);
}

/** Runs a test in an arena of its own; on the PostgreSQL server of the tests, unless another is given. */
export async function inArena(type: DatabaseType, test: (arena: ChaosArena) => Promise<void>, serverUrl?: string): Promise<void> {
  const arena = await openArena(type, serverUrl);
  try {
    await test(arena);
  } catch (cause) {
    throw new Error(`It failed on ${type}: ${String(cause)}`, { cause });
  } finally {
    await arena.close();
  }
}
