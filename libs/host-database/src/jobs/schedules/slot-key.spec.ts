import { describe, expect, it } from '@jest/globals';
import { slotKey, slotOfKey } from './slot-key.js';

describe(slotKey.name, () => {
  it.each(['reports.send-weekly', 'a name: with colons', 'schedule:2030-01-01T00:00:00.000Z', 'ü'])(
    'names the slot of %s',
    (schedule) => {
      const slot = { schedule, at: new Date('2030-03-31T01:00:00.000Z') };
      expect(slotOfKey(slotKey(slot))).toEqual(slot);
    },
  );

  it('fits into its column with the longest name', () => {
    expect(slotKey({ schedule: 'x'.repeat(127), at: new Date() }).length).toBeLessThanOrEqual(255);
  });

  it.each([null, '', 'invoice-7', 'schedule:', 'schedule:x:tomorrow'])('finds none in %j', (key) => {
    expect(slotOfKey(key)).toBeUndefined();
  });
});
