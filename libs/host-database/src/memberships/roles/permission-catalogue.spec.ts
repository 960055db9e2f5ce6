import { describe, expect, it } from '@jest/globals';
import { InvalidInputError, InvalidOptionError } from '../../common/index.js';
import { resolveMembershipsOptions } from '../memberships.options.js';
import { PermissionCatalogue } from './permission-catalogue.js';
import { definePermissions } from './permissions.js';
import { UnknownPermissionError } from './roles.errors.js';

const permissions = definePermissions({
  'projects.read': { role: 'member' },
  'projects.write': { role: 'admin' },
  'projects.delete': { role: 'owner' },
});

describe(PermissionCatalogue.name, () => {
  const sut = new PermissionCatalogue(resolveMembershipsOptions({ permissions }));

  it('gives each role what is declared for it and for those below', () => {
    const own = (role: 'owner' | 'admin' | 'member') =>
      [...sut.ofRole(role)].filter((name) => name.startsWith('projects.')).length;
    expect([own('owner'), own('admin'), own('member')]).toEqual([3, 2, 1]);
    expect(sut.ofRole('owner').size).toBe(sut.names.length);
  });

  it("has the library's own", () => {
    expect(sut.ofRole('admin').has('members.manage')).toBe(true);
    expect(sut.ofRole('admin').has('tenant.transfer')).toBe(false);
    expect(sut.ofRole('owner').has('tenant.transfer')).toBe(true);
    expect(sut.ofRole('member').has('members.read')).toBe(true);
  });

  it('returns names sorted, each once', () => {
    const given = ['projects.write', 'members.read', 'projects.write'];
    expect(sut.assertKnown(given)).toEqual(['members.read', 'projects.write']);
  });

  it('names the nearest of what it does not know', () => {
    const misspelt = () => sut.assertKnown(['projects.wirte']);
    expect(misspelt).toThrow(UnknownPermissionError);
    expect(misspelt).toThrow(expect.objectContaining({ permission: 'projects.wirte', nearest: 'projects.write' }));
    expect(() => sut.assertKnown([7 as unknown as string])).toThrow(InvalidInputError);
  });

  it('forgets what is declared no more', () => {
    expect([...sut.known(['projects.read', 'reports.read'])]).toEqual(['projects.read']);
  });

  it.each([
    ['a name of another form', { Projects: { role: 'member' } }],
    ['a name that is too long', { [`a.${'b'.repeat(127)}`]: { role: 'member' } }],
    ["the library's own", { 'tenant.transfer': { role: 'member' } }],
    ['a role that there is not', { 'projects.read': { role: 'emperor' } }],
  ])('stops the boot at %s', (_, wrong) => {
    expect(() => resolveMembershipsOptions({ permissions: wrong as never })).toThrow(InvalidOptionError);
  });
});
