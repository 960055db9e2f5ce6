import { beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from '../../common/index.js';
import { SignalCollector } from './signal-collector.js';

const NOTIFICATION_MAX_BYTES = 8_000;
const IDS_IN_ONE_MESSAGE = 100;

describe(SignalCollector.name, () => {
  let sut: SignalCollector;

  beforeEach(() => {
    sut = new SignalCollector();
  });

  it('makes one signal of many, with each queue and job once', () => {
    sut.add({ queues: ['a', 'b'] });
    sut.add({ queues: ['b', 'c'], cancelled: ['one'] });
    sut.add({ cancelled: ['one', 'two'], hasScheduled: true });
    sut.add({ queues: [] });
    expect(sut.take()).toEqual({ queues: ['a', 'b', 'c'], cancelled: ['one', 'two'], hasScheduled: true });
  });

  it('begins anew once it was taken', () => {
    sut.add({ queues: ['a'], cancelled: 'unknown', hasScheduled: true });
    sut.take();
    expect(sut.isEmpty).toBe(true);
    expect(sut.take()).toEqual({ queues: [], cancelled: [], hasScheduled: false });
  });

  it.each([{ queues: ['a'] }, { cancelled: ['one'] }, { cancelled: 'unknown' as const }, { hasScheduled: true }])(
    'is not empty with %j',
    (signal) => {
      expect(sut.isEmpty).toBe(true);
      sut.add(signal);
      expect(sut.isEmpty).toBe(false);
    },
  );

  it('says that some were cancelled where one does not know which, or they are too many for a notification', () => {
    sut.add({ cancelled: ['one'] });
    sut.add({ cancelled: 'unknown' });
    expect(sut.take().cancelled).toBe('unknown');

    const ids = Array.from({ length: IDS_IN_ONE_MESSAGE }, genId);
    sut.add({ cancelled: ids });
    expect(sut.take().cancelled).toEqual(ids);
    sut.add({ cancelled: [...ids, genId()] });
    expect(sut.take().cancelled).toBe('unknown');
  });

  it('stays below what PostgreSQL takes, at its longest', () => {
    const queues = Array.from({ length: 60 }, (_, index) => `${index}`.padEnd(63, 'x'));
    sut.add({ queues, cancelled: Array.from({ length: IDS_IN_ONE_MESSAGE }, genId), hasScheduled: true });
    expect(JSON.stringify({ from: genId(), ...sut.take() }).length).toBeLessThan(NOTIFICATION_MAX_BYTES);
  });
});
