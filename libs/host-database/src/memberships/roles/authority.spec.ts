import { describe, expect, it } from '@jest/globals';
import { type Authority, covers, isAtLeast } from './authority.js';

const owner = (...permissions: string[]): Authority => ({ role: 'owner', permissions: new Set(permissions) });
const admin = (...permissions: string[]): Authority => ({ role: 'admin', permissions: new Set(permissions) });
const member = (...permissions: string[]): Authority => ({ role: 'member', permissions: new Set(permissions) });

describe('covers', () => {
  it.each([
    ['an owner another owner', owner('a', 'b'), owner('a', 'b'), true],
    ['an admin a member with less', admin('a', 'b'), member('a'), true],
    ['an admin an owner, whatever the permissions', admin('a'), owner('a'), false],
    ['an admin a member who may do something more', admin('a'), member('b'), false],
    ['a member an admin', member('a', 'b'), admin('a'), false],
    ['a member one with the same', member('a'), member('a'), true],
    ['a member one with more', member('a'), member('a', 'b'), false],
    ['anybody one who may do nothing', member(), member(), true],
  ])('says of %s', (_, one, other, expected) => {
    expect(covers(one, other)).toBe(expected);
  });
});

describe('isAtLeast', () => {
  it('orders the roles', () => {
    expect([isAtLeast('owner', 'admin'), isAtLeast('admin', 'admin'), isAtLeast('member', 'admin')]).toEqual([true, true, false]);
  });
});
