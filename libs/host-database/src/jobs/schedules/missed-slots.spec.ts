import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { CronSlots } from './cron-slots.js';
import { decideSlots } from './missed-slots.js';

const everyMinute = CronSlots.of({ name: 'test', cron: '* * * * *', timeZone: 'UTC' });
const at = (time: string) => new Date(`2030-01-01T${time}Z`);
const timeOf = (slot: Date | undefined) => slot?.toISOString().slice(11, 19);

/** Decides what a schedule of every minute, next due at 12:00, does at a time. */
function decideAt(now: string, missed: 'skip' | 'once' | 'all', missedLimit = 100) {
  const { run, last, next } = decideSlots({ nextSlotAt: at('12:00:00'), missed, missedLimit }, everyMinute, at(now));
  return { run: run.map(timeOf), last: timeOf(last), next: timeOf(next) };
}

describe(decideSlots.name, () => {
  it.each(['skip', 'once', 'all'] as const)('runs a slot that has just come (%s)', (missed) => {
    expect(decideAt('12:00:00', missed)).toEqual({ run: ['12:00:00'], last: '12:00:00', next: '12:01:00' });
    expect(decideAt('12:00:59.999', missed)).toEqual({ run: ['12:00:00'], last: '12:00:00', next: '12:01:00' });
  });

  it('runs the newest of those that were missed, where one is enough', () => {
    expect(decideAt('12:10:30', 'once')).toEqual({ run: ['12:10:00'], last: '12:10:00', next: '12:11:00' });
  });

  it('runs all that were missed, up to the limit the newest ones', () => {
    const all = { run: ['12:00:00', '12:01:00', '12:02:00'], last: '12:02:00', next: '12:03:00' };
    expect(decideAt('12:02:30', 'all')).toEqual(all);
    expect(decideAt('12:02:30', 'all', 3)).toEqual(all);
    expect(decideAt('12:02:30', 'all', 2)).toEqual({ ...all, run: ['12:01:00', '12:02:00'] });
    expect(decideAt('12:02:30', 'all', 1)).toEqual({ ...all, run: ['12:02:00'] });
  });

  it('drops those that were missed where they are to be skipped, but not one that is only late', () => {
    const daily = CronSlots.of({ name: 'test', cron: '0 12 * * *', timeZone: 'UTC' });
    const decide = (now: string) => decideSlots({ nextSlotAt: at('12:00:00'), missed: 'skip', missedLimit: 1 }, daily, at(now));
    expect(decide('12:01:00').run).toEqual([at('12:00:00')]);
    expect(decide('12:01:00.001')).toMatchObject({ run: [], last: at('12:00:00'), next: new Date('2030-01-02T12:00:00Z') });
    expect(decideAt('15:00:00', 'skip').run).toEqual(['15:00:00']);
  });

  it('keeps to the slot that was promised, whatever the pattern says today', () => {
    const decision = decideSlots({ nextSlotAt: at('12:00:07'), missed: 'all', missedLimit: 9 }, everyMinute, at('12:01:00'));
    expect(decision.run).toEqual([at('12:00:07'), at('12:01:00')]);
  });

  it('decides each slot once, however often and whenever it is asked', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 20 });
    const policies = fc.constantFrom('once' as const, 'all' as const);
    fc.assert(
      fc.property(steps, policies, fc.integer({ min: 1, max: 8 }), (waits, missed, missedLimit) => {
        let [now, nextSlotAt] = [at('11:59:00'), at('12:00:00')];
        const slots: Date[] = [];
        for (const wait of waits) {
          const before = now;
          now = new Date(now.getTime() + wait);
          if (nextSlotAt > now) continue;
          const { run, last, next } = decideSlots({ nextSlotAt, missed, missedLimit }, everyMinute, now);
          const passed = Math.floor(now.getTime() / 60_000) - Math.floor(before.getTime() / 60_000);
          expect(run).toHaveLength(missed === 'once' ? 1 : Math.min(passed, missedLimit));
          expect(run.at(-1)).toEqual(last);
          slots.push(...run);
          nextSlotAt = next!;
          expect(nextSlotAt > now && nextSlotAt.getTime() - now.getTime() <= 60_000).toBe(true);
        }
        expect(slots).toEqual([...new Set(slots.map(Number))].toSorted((a, b) => a - b).map((ms) => new Date(ms)));
      }),
    );
  });
});
