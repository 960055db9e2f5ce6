import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { InvalidIdError } from './common.errors.js';
import { assertId, genId, ID_LEAD_MS, isId } from './ids.js';

describe(genId, () => {
  it('makes UUIDv7 without dashes, of now', () => {
    const before = Date.now();
    const id = genId();
    expect(id).toMatch(/^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    const madeAt = Number.parseInt(id.slice(0, 12), 16);
    expect(madeAt).toBeGreaterThanOrEqual(before);
    expect(madeAt).toBeLessThan(before + 60_000);
  });

  it('makes ids that differ and sort in the order in which they were made', () => {
    const ids = Array.from({ length: 20_000 }, genId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
  });

  describe('when the clock is set back', () => {
    afterEach(() => {
      jest.restoreAllMocks();
    });

    const start = Date.now() + 3_600_000;
    const madeAt = (nowMs: number) => {
      jest.spyOn(Date, 'now').mockReturnValue(nowMs);
      return Number.parseInt(genId().slice(0, 12), 16);
    };

    it('keeps the order where that is little, and follows it where it is much', () => {
      expect(madeAt(start)).toBe(start);
      expect(madeAt(start - ID_LEAD_MS)).toBe(start);
      expect(madeAt(start - ID_LEAD_MS - 1)).toBe(start - ID_LEAD_MS - 1);
      expect(madeAt(start - 3_600_000)).toBe(start - 3_600_000);
    });
  });
});

describe(assertId, () => {
  it('returns an id unchanged', () => {
    const id = genId();
    expect(assertId(id, 'user')).toBe(id);
    expect(isId(id)).toBe(true);
  });

  it.each(['', 'abc', genId().toUpperCase(), `${genId()}0`, `${genId().slice(1)}g`, 42, null, undefined, {}])(
    'refuses %p',
    (value) => {
      expect(isId(value)).toBe(false);
      expect(() => assertId(value, 'user')).toThrow(InvalidIdError);
    },
  );
});
