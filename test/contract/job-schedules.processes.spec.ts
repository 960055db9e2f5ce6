import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HostDatabase } from 'nestjs-host-database';
import { type JobSchedulesService, slotOfKey } from 'nestjs-host-database/jobs';
import { type Outcome, type Program, startProgram } from '../support/child-process.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

const PROCESSES = 5;
const SLOTS = Number(process.env.SCHEDULE_SLOTS ?? 500);
const KILLS = Number(process.env.SCHEDULE_KILLS ?? 5);
/** A tick of a slot is `begin`, lock, insert, move, look for the next and `commit`: a step before and after each. */
const STEPS = 12;
const START = Date.parse('2030-01-01T00:00:00Z');
const MINUTE_MS = 60_000;

type Schedule = Parameters<JobSchedulesService['upsert']>[0];

/** Due every so many minutes, once for each of them or once for all that have passed. */
const stored = (name: string, minutes: number, missed: 'once' | 'all' = 'all') => {
  const schedule: Schedule = { name, type: 'test.do-nothing', cron: `*/${minutes} * * * *`, missed, missedLimit: 1_000 };
  return { name, minutes, missed, schedule };
};

const STORED = [stored('a', 1), stored('b', 2), stored('c', 3), stored('d', 5), stored('newest', 2, 'once')];
/** With what the program has in its code. */
const ALL = [...STORED, { name: 'code', minutes: 1, missed: 'all' }];

/** The slots of a schedule after one minute and up to another. */
function slotsBetween(minutes: number, after: number, upTo: number): number[] {
  const slots: number[] = [];
  for (let minute = Math.floor(after / minutes + 1) * minutes; minute <= upTo; minute += minutes) slots.push(minute);
  return slots;
}

const timeOf = (minute: number) => new Date(START + minute * MINUTE_MS).toISOString();
const slotName = (schedule: string, minute: number) => `${schedule} ${timeOf(minute)}`;

describe.each(['sqlite', 'postgresql'] as const)('five processes on %s', (type) => {
  let scratch: ScratchDatabase;
  let host: HostDatabase;
  let programs: Set<Program>;

  beforeEach(async () => {
    scratch = await scratchDatabase(type);
    host = await HostDatabase.open({ database: scratch.options });
    programs = new Set();
  });
  afterEach(async () => {
    await Promise.all([...programs].map((program) => end(program)));
    await host.close();
    await scratch.drop();
  });

  const end = async (program: Program) => {
    program.child.kill('SIGKILL');
    await program.ended;
  };

  const start = (minute: number) => {
    const env = {
      DATABASE: JSON.stringify(scratch.options),
      SCHEDULES: JSON.stringify(STORED.map(({ schedule }) => schedule)),
      NOW: timeOf(minute),
    };
    const program = startProgram('tick-schedules', { env });
    programs.add(program);
    return program;
  };

  /** Takes the jobs out of the table, as a purge of the history does, and returns the slots that they were for. */
  const purge = async () => {
    const rows: { unique_key: string }[] = await host.run((em) => em.execute('delete from sys_jobs returning unique_key'));
    return rows.map((row) => {
      const slot = slotOfKey(row.unique_key);
      return `${slot?.schedule} ${slot?.at.toISOString()}`;
    });
  };

  const isDue = async (minute: number) => {
    const now = START + minute * MINUTE_MS;
    const sql = 'select name from sys_job_schedules where next_slot_at <= ?';
    return (await host.run((em) => em.execute(sql, [type === 'sqlite' ? now : new Date(now)]))).length > 0;
  };

  it(
    `enqueue each of ${SLOTS} slots once while ${KILLS} of them are killed`,
    async () => {
      const ready = new Set<Program>();
      const starting = new Set<Promise<void>>();
      const join = (minute: number) => {
        const program = start(minute);
        const started = program.said(/ready/).then(() => void ready.add(program));
        starting.add(started);
        return started.finally(() => starting.delete(started));
      };
      await Promise.all(Array.from({ length: PROCESSES }, () => join(0)));

      const expected: string[] = [];
      const found: string[] = [];
      const deaths: Outcome[] = [];
      let [minute, round] = [0, 0];
      const bury = async (program: Program) => {
        deaths.push(await program.ended);
        ready.delete(program);
        void join(minute);
      };
      /** Lets every process look at the same time, at one of which it may die. */
      const tick = async () => {
        round++;
        const isTime = deaths.length < KILLS && expected.length > ((deaths.length + 1) * SLOTS) / (KILLS + 2);
        const victim = isTime ? [...ready][round % ready.size] : undefined;
        const answers = [...ready].map(async (program) => {
          const dieAt = program === victim ? Math.floor(Math.random() * STEPS) : undefined;
          program.child.stdin.write(`${JSON.stringify({ round, now: timeOf(minute), dieAt })}\n`);
          // One that ends does not answer.
          await program.said(new RegExp(`round ${round}: `)).catch(() => bury(program));
        });
        await Promise.all(answers);
        if (ready.size === 0) await Promise.race(starting);
      };

      while (expected.length < SLOTS) {
        const before = minute;
        minute += 1 + Math.floor(Math.random() * 6);
        for (const { name, minutes, missed } of ALL) {
          const slots = slotsBetween(minutes, before, minute);
          expected.push(...slots.slice(missed === 'once' ? -1 : 0).map((slot) => slotName(name, slot)));
        }
        // What one that died had in its hands is for the others, at the same time of day.
        do await tick();
        while (await isDue(minute));
        if (round % 20 === 0) found.push(...(await purge()));
      }
      await Promise.all(starting);
      found.push(...(await purge()));

      expect(deaths.map(({ signal, stderr }) => ({ signal, stderr }))).toEqual(
        Array.from({ length: KILLS }, () => ({ signal: 'SIGKILL', stderr: '' })),
      );
      expect(found.toSorted()).toEqual(expected.toSorted());
    },
    Math.max(240_000, SLOTS * 60 + KILLS * 5_000),
  );
});
