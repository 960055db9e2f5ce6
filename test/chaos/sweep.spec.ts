import { describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { DatabaseType } from 'nestjs-host-database';
import { HostDatabaseModule } from 'nestjs-host-database';
import { type ChaosArena, createCounter, inArena, isFullChaos, readCounter, report } from '../support/chaos-arena.js';
import { runProgram } from '../support/child-process.js';
import { guardTransitions, resetQueue } from '../support/sweep-fixture.js';
import type { Failpoint } from '../support/statement-failpoints.js';
import { ENQUEUED, SWEEP_OPTIONS, SweepHandlers, SweepRole } from '../support/sweep-scenario.js';

/** How many points of each dialect die in an ordinary run; CHAOS=full takes all of them. */
const POINTS = 12;
/** How many processes die at the same time, each in a database of its own. */
const LANES = 2;
/** How many points are tried for each that is chosen. */
const MOST_TRIES = 3;
/** Of a statement that is sent again and again the first few are enough. */
const MOST_OF_A_KIND = 4;

async function firstProcess({ type, options }: ChaosArena, failpoint?: Failpoint) {
  const env = { DATABASE: JSON.stringify(options), DIALECT: type, ...(failpoint && { FAILPOINT: JSON.stringify(failpoint) }) };
  return runProgram('chaos-sweep', { env });
}

/** Ends all work, as a healthy process does that was there all along. */
async function secondProcess(arena: ChaosArena): Promise<void> {
  @Module({
    imports: [HostDatabaseModule.forRoot({ database: arena.options, jobs: SWEEP_OPTIONS })],
    providers: [SweepHandlers, { provide: SweepRole, useValue: { isFirst: false } }],
  })
  class SecondModule {}

  const app = await NestFactory.createApplicationContext(SecondModule, { logger: false });
  try {
    // Where the first has died early, this is who decides the slot.
    const now = arena.type === 'sqlite' ? Date.now() : new Date();
    const findDue = () => arena.query('select name from sys_job_schedules where next_slot_at < ?', [now]);
    await arena.until(async () => (await findDue()).length === 0, 60_000);
    await arena.untilAllEnded(60_000);
    // The one that has died is forgotten.
    const findWorkers = () => arena.query<{ pid: number }>('select pid from sys_job_workers');
    await arena.until(async () => (await findWorkers()).every(({ pid }) => pid === process.pid), 60_000);
  } finally {
    await app.close();
  }
}

interface Row {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly attempt: number;
  readonly token: number;
  readonly crashes: number;
}

/** Says what is wrong with how everything has ended; nothing, if all is well. */
async function faultsOf(arena: ChaosArena): Promise<string[]> {
  const rows = await arena.query<Row>(
    // Without those of the library's own schedules.
    `select id, job_type as type, status, attempt, claim_token as token, crash_count as crashes from sys_jobs
      where job_type like 'sweep.%' order by id`,
  );
  const faults: string[] = [];
  const of = (type: string) => rows.filter((row) => row.type === type);
  // The orphan and the slot are there in any case, and all that the transaction has enqueued or nothing.
  const isCommitted = rows.length > 2;
  for (const type of new Set(ENQUEUED)) {
    const orphans = type === 'sweep.do-nothing' ? 1 : 0;
    const later = type === 'sweep.do-nothing' && isCommitted ? 1 : 0;
    const expected = (isCommitted ? ENQUEUED.filter((each) => each === type).length : 0) + orphans + later;
    if (of(type).length !== expected) faults.push(`${of(type).length} jobs ${type} instead of ${expected}`);
  }
  if (of('sweep.tick-yearly').length !== 1) faults.push(`${of('sweep.tick-yearly').length} jobs for one slot`);
  for (const { type, status, attempt, token, crashes } of rows) {
    const allowed = type === 'sweep.fail-always' ? ['failed'] : ['completed'];
    if (type === 'sweep.wait-for-signal') allowed.push('cancelled');
    if (!allowed.includes(status)) faults.push(`${type} is ${status}`);
    // The orphan may have seen both die.
    const mostCrashes = type === 'sweep.do-nothing' ? 2 : 1;
    if (crashes > mostCrashes || attempt < 1 || attempt > token)
      faults.push(`${type}: attempt ${attempt}, token ${token}, ${crashes} crashes`);
  }
  const counting = rows.filter(({ type }) => /count|tick/.test(type)).length;
  const counter = await readCounter(arena);
  if (counter.value !== counting || counter.effects !== counting || counter.jobs !== counting) {
    faults.push(`${counting} transactional jobs, and the counter is ${JSON.stringify(counter)}`);
  }
  if ((await arena.query('select id from sys_job_workers')).length > 0) faults.push('a worker is left');
  return faults;
}

/** The points at which processes are to die, each with others that do where its statement does not come: how often one does is a matter of time. */
function choose(points: readonly Failpoint[]): Failpoint[][] {
  const few = points.filter(({ nth }) => nth <= MOST_OF_A_KIND);
  if (isFullChaos) return few.map((point) => [point]);
  const step = few.length / POINTS;
  return Array.from({ length: Math.min(POINTS, few.length) }, (_, index) => {
    const at = Math.floor(index * step);
    return few.slice(at, Math.max(at + 1, Math.floor((index + 1) * step)));
  });
}

describe.each<DatabaseType>(['sqlite', 'postgresql'])('a process that dies at a statement of the protocol on %s', (type) => {
  // CHAOS=full: before and after every statement. Otherwise at some of them.
  it(
    'loses no job, completes none twice and leaves nothing behind',
    async () => {
      const failures: string[] = [];
      const { promise: chosen, resolve } = Promise.withResolvers<readonly Failpoint[][]>();
      let died = 0;
      const lane = (index: number) =>
        inArena(type, async (arena) => {
          await createCounter(arena);
          await guardTransitions(arena);
          await secondProcess(arena);
          if (index === 0) {
            await resetQueue(arena);
            const { stdout } = await firstProcess(arena);
            resolve(choose(JSON.parse(stdout) as Failpoint[]));
            await secondProcess(arena);
          }
          const points = await chosen;
          const diesAt = async (point: Failpoint) => {
            await resetQueue(arena);
            const { signal, stderr } = await firstProcess(arena, point);
            await secondProcess(arena).catch((error: unknown) => failures.push(`${JSON.stringify(point)}: ${String(error)}`));
            const faults = [...(await faultsOf(arena)), ...(stderr ? [stderr] : [])];
            if (faults.length > 0) failures.push(`${JSON.stringify(point)}: ${faults.join('; ')}`);
            return signal === 'SIGKILL';
          };
          for (const [at, candidates] of points.entries()) {
            if (at % LANES !== index) continue;
            for (const point of candidates.slice(0, MOST_TRIES)) {
              if (!(await diesAt(point))) continue;
              died++;
              break;
            }
          }
        });
      await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)));
      const { length } = await chosen;
      report(`sweep, ${type}: ${died} of ${length} processes died at their statement`);
      expect(failures).toEqual([]);
      // Timing decides whether a statement comes a second time, but most do.
      expect(died).toBeGreaterThan(length * 0.7);
    },
    isFullChaos ? 1_200_000 : 240_000,
  );
});
