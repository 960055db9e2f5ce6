import { describe, expect, it } from '@jest/globals';
import { InvalidOptionError } from '../../common/index.js';
import { resolveMailOptions } from './mail.options.js';

describe(resolveMailOptions, () => {
  it('sends five an hour, or as many as it is told', () => {
    expect(resolveMailOptions(undefined)).toEqual({ maxPerHour: 5 });
    expect(resolveMailOptions({ maxPerHour: 100 })).toEqual({ maxPerHour: 100 });
  });

  it.each([0, -1, 1.5, 101, Number.NaN])('refuses %p', (maxPerHour) => {
    expect(() => resolveMailOptions({ maxPerHour })).toThrow(InvalidOptionError);
  });
});
