import { describe, expect, it } from '@jest/globals';
import { InvalidOptionError } from '../../common/index.js';
import { resolveImpersonationOptions } from './impersonation.options.js';

describe(resolveImpersonationOptions, () => {
  it('allows an hour, and less', () => {
    expect(resolveImpersonationOptions()).toEqual({ maxMinutes: 60 });
    expect(resolveImpersonationOptions({ maxMinutes: 5 })).toEqual({ maxMinutes: 5 });
  });

  it.each([0, -1, 61, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %p minutes', (maxMinutes) => {
    expect(() => resolveImpersonationOptions({ maxMinutes })).toThrow(InvalidOptionError);
  });
});
