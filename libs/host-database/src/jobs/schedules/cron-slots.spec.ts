import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { WallClock } from '../../../test/jobs/wall-clock.js';
import { CronSlots } from './cron-slots.js';
import { InvalidScheduleError } from './schedules.errors.js';

const slotsOf = (cron: string, timeZone: string) => CronSlots.of({ name: 'test', cron, timeZone });

/** The slots from an instant on, in UTC to the minute. */
function following(cron: string, timeZone: string, since: string, count: number): string[] {
  const slots = slotsOf(cron, timeZone);
  const found: string[] = [];
  for (let slot = slots.next(new Date(since)); slot && found.length < count; slot = slots.next(slot)) {
    found.push(slot.toISOString().slice(5, 16));
  }
  return found;
}

describe(CronSlots.name, () => {
  describe('when the clocks go on', () => {
    it.each([
      // From 02:00 to 03:00 on 31 March 2030, at 01:00 UTC.
      [
        'a time that is skipped: when they have',
        '30 2 * * *',
        'Europe/Berlin',
        '2030-03-30T12:00Z',
        ['03-31T01:00', '04-01T00:30'],
      ],
      ['several of them: once', '10,50 2 * * *', 'Europe/Berlin', '2030-03-30T12:00Z', ['03-31T01:00', '04-01T00:10']],
      ['one of several times', '30 2,14 * * *', 'Europe/Berlin', '2030-03-31T00:00Z', ['03-31T01:00', '03-31T12:30']],
      ['the time at which they do', '0 3 * * *', 'Europe/Berlin', '2030-03-31T00:00Z', ['03-31T01:00', '04-01T01:00']],
      [
        'one skipped and the time at which they do: once',
        '0 2,3 * * *',
        'Europe/Berlin',
        '2030-03-31T00:00Z',
        ['03-31T01:00', '04-01T00:00'],
      ],
      ['every hour', '0 * * * *', 'Europe/Berlin', '2030-03-30T23:30Z', ['03-31T00:00', '03-31T01:00', '03-31T02:00']],
      ['every 15 minutes', '*/15 * * * *', 'Europe/Berlin', '2030-03-31T00:40Z', ['03-31T00:45', '03-31T01:00', '03-31T01:15']],
      [
        'every two hours: what is skipped is no slot',
        '0 */2 * * *',
        'Europe/Berlin',
        '2030-03-30T22:30Z',
        ['03-30T23:00', '03-31T02:00'],
      ],
      // From 02:00 to 03:00 on 10 March 2030, at 07:00 UTC.
      ['a time that is skipped', '30 2 * * *', 'America/New_York', '2030-03-09T12:00Z', ['03-10T07:00', '03-11T06:30']],
      ['every hour', '0 * * * *', 'America/New_York', '2030-03-10T05:30Z', ['03-10T06:00', '03-10T07:00', '03-10T08:00']],
      // From 02:00 to 02:30 on 6 October 2030, at 15:30 UTC of the day before.
      ['a time that is skipped', '15 2 * * *', 'Australia/Lord_Howe', '2030-10-05T00:00Z', ['10-05T15:30', '10-06T15:15']],
      ['a time that is not', '30 2 * * *', 'Australia/Lord_Howe', '2030-10-05T00:00Z', ['10-05T15:30', '10-06T15:30']],
      [
        'every 15 minutes',
        '*/15 * * * *',
        'Australia/Lord_Howe',
        '2030-10-05T15:10Z',
        ['10-05T15:15', '10-05T15:30', '10-05T15:45'],
      ],
      // From 00:00 to 01:00 on 4 November 2018, at 03:00 UTC: a day without a midnight.
      ['midnight', '0 0 * * *', 'America/Sao_Paulo', '2018-11-03T12:00Z', ['11-04T03:00', '11-05T02:00']],
    ])('%s (%s, %s)', (_, cron, timeZone, since, expected) => {
      expect(following(cron, timeZone, since, expected.length)).toEqual(expected);
    });
  });

  describe('when the clocks go back', () => {
    it.each([
      // From 03:00 to 02:00 on 27 October 2030, at 01:00 UTC.
      [
        'a time that comes twice: once, the first time',
        '30 2 * * *',
        'Europe/Berlin',
        '2030-10-26T12:00Z',
        ['10-27T00:30', '10-28T01:30'],
      ],
      [
        'several of them: each once',
        '10,50 2 * * *',
        'Europe/Berlin',
        '2030-10-26T12:00Z',
        ['10-27T00:10', '10-27T00:50', '10-28T01:10'],
      ],
      ['one of several times', '30 2,14 * * *', 'Europe/Berlin', '2030-10-27T00:00Z', ['10-27T00:30', '10-27T13:30']],
      ['the time to which they do', '0 2 * * *', 'Europe/Berlin', '2030-10-26T12:00Z', ['10-27T00:00', '10-28T01:00']],
      ['the time at which they do', '0 3 * * *', 'Europe/Berlin', '2030-10-26T12:00Z', ['10-27T02:00', '10-28T02:00']],
      [
        'every hour: each hour that passes',
        '0 * * * *',
        'Europe/Berlin',
        '2030-10-26T23:30Z',
        ['10-27T00:00', '10-27T01:00', '10-27T02:00'],
      ],
      ['every 15 minutes', '*/15 * * * *', 'Europe/Berlin', '2030-10-27T00:40Z', ['10-27T00:45', '10-27T01:00', '10-27T01:15']],
      // From 02:00 to 01:00 on 3 November 2030, at 06:00 UTC.
      ['a time that comes twice', '30 1 * * *', 'America/New_York', '2030-11-02T12:00Z', ['11-03T05:30', '11-04T06:30']],
      ['a time that does not', '30 2 * * *', 'America/New_York', '2030-11-02T12:00Z', ['11-03T07:30', '11-04T07:30']],
      ['every hour', '0 * * * *', 'America/New_York', '2030-11-03T04:30Z', ['11-03T05:00', '11-03T06:00', '11-03T07:00']],
      // From 02:00 to 01:30 on 7 April 2030, at 15:00 UTC of the day before.
      ['a time that comes twice', '45 1 * * *', 'Australia/Lord_Howe', '2030-04-06T12:00Z', ['04-06T14:45', '04-07T15:15']],
      [
        'every 15 minutes',
        '*/15 * * * *',
        'Australia/Lord_Howe',
        '2030-04-06T14:40Z',
        ['04-06T14:45', '04-06T15:00', '04-06T15:15'],
      ],
    ])('%s (%s, %s)', (_, cron, timeZone, since, expected) => {
      expect(following(cron, timeZone, since, expected.length)).toEqual(expected);
    });
  });

  describe('in the calendar', () => {
    it.each([
      ['a time zone without daylight saving', '30 2 * * *', 'UTC', '2030-03-30T12:00Z', ['03-31T02:30', '04-01T02:30']],
      ['the turn of the year', '59 23 31 12 *', 'Europe/Berlin', '2030-12-31T22:00Z', ['12-31T22:59']],
      ['the first minute of a year', '0 0 1 1 *', 'Asia/Tokyo', '2030-12-31T12:00Z', ['12-31T15:00']],
      ['the last day of a month', '0 0 L * *', 'UTC', '2032-02-01T00:00Z', ['02-29T00:00', '03-31T00:00', '04-30T00:00']],
      ['a day of the month or of the week', '0 0 1 * MON', 'UTC', '2030-01-01T12:00Z', ['01-07T00:00', '01-14T00:00']],
      ['a day of the month and of the week', '0 0 1 * +MON', 'UTC', '2030-01-01T12:00Z', ['04-01T00:00', '07-01T00:00']],
      ['a nickname', '@hourly', 'UTC', '2030-01-01T12:00Z', ['01-01T13:00', '01-01T14:00']],
    ])('knows %s (%s, %s)', (_, cron, timeZone, since, expected) => {
      expect(following(cron, timeZone, since, expected.length)).toEqual(expected);
    });

    it('finds the leap days', () => {
      const slots = slotsOf('0 0 29 2 *', 'UTC');
      expect(slots.next(new Date('2030-01-01T00:00Z'))).toEqual(new Date('2032-02-29T00:00Z'));
      // 2100 has none.
      expect(slots.next(new Date('2097-01-01T00:00Z'))).toEqual(new Date('2104-02-29T00:00Z'));
    });

    it('takes seconds as the first of six fields', () => {
      const slots = slotsOf('*/20 * * * * *', 'UTC');
      expect(slots.next(new Date('2030-01-01T00:00:20Z'))).toEqual(new Date('2030-01-01T00:00:40Z'));
    });
  });

  it.each([
    '',
    '* * * *',
    '* * * * * * *',
    '60 * * * *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    '@reboot',
    '@never',
    'a b c d e',
    '2030-01-01T00:00:00',
    '* * * * *\n',
  ])('refuses the pattern %j', (cron) => {
    expect(() => slotsOf(cron, 'UTC')).toThrow(expect.objectContaining({ constructor: InvalidScheduleError, field: 'cron' }));
  });

  it.each(['', 'Mars/Olympus', 'GMT+2'])('refuses the time zone %j', (timeZone) => {
    expect(() => slotsOf('* * * * *', timeZone)).toThrow(
      expect.objectContaining({ constructor: InvalidScheduleError, field: 'timeZone' }),
    );
  });

  describe('beside a clock that is read minute by minute', () => {
    const minutes = fc.oneof(
      fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 3 }).map((list) => list.join(',')),
      fc.constantFrom('*', '*/5', '*/15', '*/20', '*/30', '10-50/20', '0-59'),
    );
    const hours = fc.oneof(
      fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 }).map((list) => list.join(',')),
      fc.constantFrom('*', '*/2', '*/3', '1-3', '0-23', '0-23/2'),
    );
    // Around a change of the clocks, each way.
    const clocks = [
      ['Europe/Berlin', '2030-03-30T12:00Z'],
      ['Europe/Berlin', '2030-10-26T12:00Z'],
      ['America/New_York', '2030-03-09T12:00Z'],
      ['America/New_York', '2030-11-02T12:00Z'],
      ['Australia/Lord_Howe', '2030-04-06T00:00Z'],
      ['Australia/Lord_Howe', '2030-10-05T00:00Z'],
      ['America/Sao_Paulo', '2018-11-03T12:00Z'],
      ['America/Sao_Paulo', '2018-02-17T12:00Z'],
      ['Africa/Casablanca', '2030-12-22T00:00Z'],
      ['Asia/Kathmandu', '2030-01-01T00:00Z'],
    ].map(([timeZone = '', from = '']) => new WallClock(timeZone, new Date(from), new Date(Date.parse(from) + 48 * 3_600_000)));

    it('finds the same slots, from the front and from the back', () => {
      fc.assert(
        fc.property(minutes, hours, fc.nat({ max: clocks.length - 1 }), fc.nat({ max: 59_999 }), (minute, hour, index, ms) => {
          const clock = clocks[index]!;
          const { timeZone, from, until } = clock;
          const expected = clock.slotsOf({ minute, hour });
          const slots = slotsOf(`${minute} ${hour} * * *`, timeZone);
          const forwards: Date[] = [];
          for (let slot = slots.next(from); slot && slot <= until; slot = slots.next(slot)) forwards.push(slot);
          expect(forwards).toEqual(expected);
          expect(slots.between(from, until, 10_000)).toEqual(expected);
          // From anywhere in between, too.
          const between = new Date(expected[expected.length >> 1]!.getTime() - ms);
          const next = slots.next(between);
          expect(next && next <= until ? next : undefined).toEqual(expected.find((slot) => slot > between));
          const before = expected.filter((slot) => slot <= between);
          expect(slots.between(from, between, 10_000)).toEqual(before);
          expect(slots.between(from, between, 3)).toEqual(before.slice(-3));
        }),
        { numRuns: Number(process.env.CRON_RUNS ?? 60) },
      );
    });
  });
});
