import { describe, expect, it } from '@jest/globals';
import { nearestName } from './nearest-name.js';

describe('nearestName', () => {
  const names = ['members.read', 'members.manage', 'projects.write', 'roles.manage'];

  it.each([
    ['projects.wirte', 'projects.write'],
    ['member.read', 'members.read'],
    ['rolesmanage', 'roles.manage'],
    ['projects.write', 'projects.write'],
  ])('takes %s for %s', (given, meant) => {
    expect(nearestName(given, names)).toBe(meant);
  });

  it('has nothing to say without names', () => {
    expect(nearestName('projects.write', [])).toBe('');
  });
});
